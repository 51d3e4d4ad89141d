// From what came back to the likeliest cause.
#include "doctor/causes.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace wring::doctor {
namespace {

const IpAddress kRouter = *IpAddress::parse("192.0.2.254");

Circumstances at() {
  return {"192.0.2.1:51820", "OURS", "THEIRS", false, true};
}

IcmpReport report(int error, bool from_router = true) {
  return {error, from_router ? std::optional(kRouter) : std::nullopt, 0};
}

TEST(Causes, a_session_is_good) {
  HandshakeResult result;
  result.keys.emplace();
  EXPECT_EQ(judge(result, {}, at()).grade, Grade::kGood);
}

TEST(Causes, a_refusal_names_its_cause) {
  const auto code = [](int error, bool from_router) {
    HandshakeResult result;
    result.refused = report(error, from_router);
    return judge(result, {}, at()).code;
  };
  EXPECT_EQ(code(ECONNREFUSED, true), "wrong-port");
  EXPECT_EQ(code(EHOSTUNREACH, false), "no-host");
  EXPECT_EQ(code(EHOSTUNREACH, true), "refused");
  EXPECT_EQ(code(EACCES, true), "refused");
}

TEST(Causes, what_was_not_sent_is_the_fault_of_this_host) {
  HandshakeResult result;
  result.send_error = EPERM;
  EXPECT_EQ(judge(result, {}, at()).code, "local-firewall");
  result.send_error = ENETUNREACH;
  EXPECT_EQ(judge(result, {}, at()).code, "no-route");
  // A running engine sends by itself, and the doctor only has its own datagram to look at.
  Surroundings around;
  around.at_port = report(EPERM, false);
  EXPECT_EQ(judge({}, around, at()).code, "local-firewall");
  around.at_port = report(ECONNREFUSED);
  EXPECT_EQ(judge({}, around, at()).code, "wrong-port");
}

TEST(Causes, an_answer_that_does_not_authenticate_is_one_of_another_preshared_key) {
  HandshakeResult result;
  result.forged = true;
  Circumstances mine = at();
  EXPECT_EQ(judge(result, {}, mine).code, "preshared-key");
  EXPECT_NE(judge(result, {}, mine).means.find("this side has none"), std::string::npos);
  mine.has_preshared_key = true;
  EXPECT_NE(judge(result, {}, mine).means.find("differ"), std::string::npos);
}

TEST(Causes, silence_is_judged_by_what_else_the_host_answers) {
  EXPECT_EQ(judge({}, {}, at()).code, "silence");
  EXPECT_EQ(
      judge({}, {.closed_ports_answer = false, .answers_ping = true, .at_port = {}}, at()).code,
      "firewall");
  const Surroundings open{.closed_ports_answer = true, .answers_ping = true, .at_port = {}};
  const Finding key = judge({}, open, at());
  EXPECT_EQ(key.code, "wrong-key");
  // Both keys are named, because either may be the wrong one.
  EXPECT_NE(key.cure.find("OURS"), std::string::npos);
  EXPECT_NE(key.cure.find("THEIRS"), std::string::npos);
  Circumstances wrong_clock = at();
  wrong_clock.clock_is_plausible = false;
  EXPECT_EQ(judge({}, open, wrong_clock).code, "clock");
  HandshakeResult busy;
  busy.busy = true;
  EXPECT_EQ(judge(busy, open, at()).code, "busy");
}

}  // namespace
}  // namespace wring::doctor
