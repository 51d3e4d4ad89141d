"""The rules that docs/conformance.md lists: what each says in short, and what proves it besides the
tests of this folder.

`elsewhere` names tests of the C++ programs, for what would take minutes on the wire or cannot be
seen on it: they run under a virtual clock, and this suite runs them again. With each stand the
numbers of the paper that its source must state.
"""

from typing import NamedTuple


class Elsewhere(NamedTuple):
    """A GoogleTest case: `Suite.name` of a program, and words that stand in its source."""

    program: str
    test: str
    states: tuple = ()


class Rule(NamedTuple):
    id: str
    text: str
    elsewhere: tuple = ()


def _sim(test: str, *states: str) -> Elsewhere:
    return Elsewhere("simulation_test", test, states)


def _unit(program: str, test: str, *states: str) -> Elsewhere:
    return Elsewhere(program, test, states)


_GIVEN_UP = _sim("HandshakeTiming.is_given_up_after_90_seconds_and_what_was_staged_is_dropped",
                 "90s")
_LAST_COUNTER = _unit("peer_test",
                      "SessionTest.the_last_counter_is_2_to_the_64_less_2_to_the_13_less_2",
                      "18446744073709543423")
_2_TO_THE_60 = _unit("peer_test",
                     "SessionTest.either_side_wants_a_new_key_after_2_to_the_60_messages", "<< 60")
_UNTIL_180 = _unit("peer_test", "SessionTest.is_of_no_use_from_180_seconds_on", "180s")
_120 = _sim("HandshakeTiming.the_initiator_rekeys_when_it_sends_on_a_key_of_120_seconds", "119s")

RULES = (
    Rule("P1", "the numbers of section 6.1", (_LAST_COUNTER, _2_TO_THE_60, _UNTIL_180, _120,
                                              _GIVEN_UP)),
    Rule("P2", "exact message sizes, reserved bytes zero; anything else is dropped unanswered"),
    Rule("P3", "construction, identifier and labels"),
    Rule("P4", "padding by zeros to 16, never past the MTU; a keepalive is empty"),
    Rule("P5", "timestamps grow, 20 ms apart; the sender whitens its own"),
    Rule("P6", "an initiation every 5 s at most; a response counts as one"),
    Rule("P7", "sent again after 5 s plus jitter, given up after 90 s", (
        _sim("HandshakeTiming."
             "an_unanswered_initiation_is_sent_again_every_five_seconds_with_jitter", "333ms"),
        _GIVEN_UP,
        _sim("HandshakeTiming.traffic_that_goes_on_keeps_the_attempts_going_on"))),
    Rule("P8", "rekeying after 120 s, 165 s, 2^60 messages; no key past 180 s or its limit", (
        _120,
        _sim("HandshakeTiming.an_initiator_that_only_receives_rekeys_once_at_165_seconds", "134s"),
        _sim("HandshakeTiming.the_responder_does_not_rekey_however_much_it_sends"),
        _sim("Keys.are_not_sent_on_past_180_seconds_even_if_no_new_one_can_be_had"),
        _unit("peer_test",
              "SessionTest.the_initiator_wants_a_new_key_after_165_seconds_of_receiving", "165s"),
        _2_TO_THE_60, _UNTIL_180, _LAST_COUNTER)),
    Rule("P9", "data unanswered for 15 s begins a handshake", (
        _sim("HandshakeTiming.data_unanswered_for_15_seconds_begins_a_new_handshake", "15s"),)),
    Rule("P10", "the responder sends on a keypair only once data on it has come"),
    Rule("P11", "the initiator uses a keypair at once, and sends a keepalive if nothing else"),
    Rule("P12", "nothing changes before a message has authenticated", (
        _sim("Hostile.a_flipped_bit_anywhere_in_any_message_changes_nothing"),)),
    Rule("P13", "session indices are random and unique", (
        _sim("Keys.indices_of_live_sessions_are_all_different"),)),
    Rule("P14", "all keys are wiped 540 s after the last session was made", (
        _sim("Keys.are_wiped_540_seconds_after_the_last_session_was_made", "509s"),
        _sim("Keys.of_a_half_done_handshake_are_wiped_as_well", "540s"))),
    Rule("P15", "the preshared key is mixed in; a changed one counts from the next handshake on"),
    Rule("P16", "a new private key: peers that are ourselves go, old keypairs are not sent on"),
    Rule("P17", "a static-static product of zeros is refused", (
        _unit("noise_test", "Handshake.refuses_static_keys_of_low_order"),
        _sim("Keys.a_peer_with_a_key_of_low_order_gets_nothing_and_harms_nobody"))),
    Rule("P18", "on receive: index, authentication, window, endpoint, AllowedIPs, in this order"),
    Rule("P19", "the replay window reaches back 8128; counters from 0 to below the limit", (
        _unit("peer_test", "ReplayWindow.reaches_back_8128_and_no_further", "8128"),)),
    Rule("P20", "cryptokey routing by the longest prefix; a prefix moves to whom claims it last", (
        _unit("tables_test",
              "AllowedIpsTest.agrees_with_a_linear_scan_through_random_changes"),)),
    Rule("P21", "trimmed to the inner header's length; a header that claims more is dropped"),
    Rule("P22", "128 packets wait for a key, the oldest go first", (
        _unit("peer_test", "StagedPackets.holds_128_and_drops_the_oldest_first", "128"),)),
    Rule("P23", "no peer or no endpoint: ICMP unreachable, and counted"),
    Rule("P24", "ECN by RFC 6040, DSCP not copied, handshakes with DSCP AF41"),
    Rule("P25", "byte counters count authenticated UDP payload; cookie replies do not count"),
    Rule("P26", "passive keepalive 10 s after data that nothing was sent after; no ping-pong"),
    Rule("P27", "persistent keepalive, pushed back by traffic, one at once when turned on"),
    Rule("P28", "the endpoint follows authenticated messages, not cookie replies"),
    Rule("P29", "answers leave from the address that was asked; forgotten when it fails", (
        _sim("Roaming.a_handshake_that_is_repeated_forgets_the_source"),)),
    Rule("P30", "port and fwmark change while running; port 0; hosts of one IP version"),
    Rule("P31", "a wrong mac1 is dropped before any Curve25519"),
    Rule("P32", "under load: a cookie first, then 20 a second and 5 at once per source", (
        _sim("UnderLoad.one_handshake_less_in_the_queue_is_no_load", "510"),
        _sim("UnderLoad.lasts_for_a_second_after_the_queue_was_long"),
        _unit("tables_test", "RateLimiter.lets_five_through_at_once"),
        _unit("tables_test", "RateLimiter.lets_twenty_a_second_through"),
        _unit("tables_test", "RateLimiter.an_ipv6_64_counts_as_one_source"))),
    Rule("P33", "a cookie is bound to address and port and to one mac1; 120 s and 115 s", (
        _unit("noise_test", "Cookies.the_secret_changes_every_120_seconds", "120s"),
        _unit("noise_test", "Cookies.a_cookie_is_used_for_115_seconds", "115s"))),
    Rule("P34", "a full handshake queue drops and does not hold up data"),
    Rule("P35", "the socket: 0700 and 0600, stale ones taken over, live ones refused"),
    Rule("P36", "get=1 and set=1 with every key, pipelined, ended by blank lines"),
    Rule("P37", "errno: negative for set, EINVAL, EPROTO, EADDRINUSE"),
    Rule("P38", "what is zero is left out; a zero key clears; a peer that is ourselves is ignored"),
    Rule("P39", "set edits in place: session, counters and timestamps stay"),
    Rule("P40", "the last handshake is wall-clock time; the endpoint is as last learned"),
    Rule("P41", "returns when the interface answers; foreground, descriptors, signals"),
)
