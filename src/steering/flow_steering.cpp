// Writes the eBPF program that hashes a packet, and attaches it to the interface.
#include "steering/flow_steering.h"

#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/unique_fd.h"

namespace wring {
namespace {

enum class Register : std::uint8_t {
  kLoaded = BPF_REG_0,  // loads from the packet write here; also the program's result
  kArgument = BPF_REG_1,
  kContext = BPF_REG_6,  // loads from the packet need it here
  kHash = BPF_REG_7,
  kPortsAt = BPF_REG_8,
};

// Builds an eBPF program. Loads give host order. A load past the end of the packet ends the program
// with 0, which is the first queue.
class Program {
 public:
  void load(std::uint8_t size, std::int32_t offset) {
    add(BPF_LD | BPF_ABS | size, {}, {}, offset);
  }
  void load_at(std::uint8_t size, Register offset) { add(BPF_LD | BPF_IND | size, {}, offset, 0); }
  void set(Register to, std::int32_t value) { add(BPF_ALU64 | BPF_MOV | BPF_K, to, {}, value); }
  void copy(Register to, Register from) { add(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0); }
  void exclusive_or(Register to, Register from) { add(BPF_ALU64 | BPF_XOR | BPF_X, to, from, 0); }
  // `operation` as BPF_MUL.
  void compute(std::uint8_t operation, Register to, std::int32_t value) {
    add(static_cast<std::uint8_t>(BPF_ALU64 | operation | BPF_K), to, {}, value);
  }
  void end() { add(BPF_JMP | BPF_EXIT, {}, {}, 0); }

  // A jump ahead, to the place where land() is called with the result. `comparison` is BPF_JEQ, for
  // example. It compares the loaded value with `value`.
  [[nodiscard]] std::size_t jump_if(std::uint8_t comparison, std::int32_t value) {
    add(static_cast<std::uint8_t>(BPF_JMP | comparison | BPF_K), Register::kLoaded, {}, value);
    return code_.size() - 1;
  }
  [[nodiscard]] std::size_t jump() {
    add(BPF_JMP | BPF_JA, {}, {}, 0);
    return code_.size() - 1;
  }
  void land(std::size_t jump) {
    code_[jump].off = static_cast<std::int16_t>(code_.size() - jump - 1);
  }

  [[nodiscard]] std::span<const bpf_insn> code() const { return code_; }

 private:
  void add(std::uint8_t code, Register to, Register from, std::int32_t value) {
    bpf_insn instruction{};
    instruction.code = code;
    instruction.dst_reg = static_cast<std::uint8_t>(to) & 0xf;
    instruction.src_reg = static_cast<std::uint8_t>(from) & 0xf;
    instruction.imm = value;
    code_.push_back(instruction);
  }

  std::vector<bpf_insn> code_;
};

// Adds the loaded value to the hash. The multiplier is 2^32 over the golden ratio (Knuth). The
// upper half of the product is the result. It depends on all bits of the lower half of the factor.
void mix(Program& program) {
  program.exclusive_or(Register::kHash, Register::kLoaded);
  program.compute(BPF_MUL, Register::kHash, static_cast<std::int32_t>(0x9e3779b1U));
}

// The packet begins with its IP header.
Program hash_of_the_flow() {
  Program program;
  program.copy(Register::kContext, Register::kArgument);
  program.set(Register::kHash, 0);
  program.load(BPF_B, 0);
  program.compute(BPF_RSH, Register::kLoaded, 4);
  const std::size_t is_v6 = program.jump_if(BPF_JEQ, 6);

  program.load(BPF_W, 12);  // source
  mix(program);
  program.load(BPF_W, 16);  // destination
  mix(program);
  program.load(BPF_H, 6);
  program.compute(BPF_AND, Register::kLoaded, 0x3fff);  // more fragments, or an offset
  const std::size_t is_fragment = program.jump_if(BPF_JNE, 0);
  program.load(BPF_B, 0);
  program.compute(BPF_AND, Register::kLoaded, 0xf);
  program.compute(BPF_LSH, Register::kLoaded, 2);
  program.copy(Register::kPortsAt, Register::kLoaded);
  program.load(BPF_B, 9);  // protocol
  const std::size_t v4_done = program.jump();

  program.land(is_v6);
  for (std::int32_t word = 8; word < 40; word += 4) {  // source and destination
    program.load(BPF_W, word);
    mix(program);
  }
  program.set(Register::kPortsAt, 40);
  program.load(BPF_B, 6);  // next header; an extension header is neither TCP nor UDP

  program.land(v4_done);
  const std::size_t is_tcp = program.jump_if(BPF_JEQ, IPPROTO_TCP);
  const std::size_t lacks_ports = program.jump_if(BPF_JNE, IPPROTO_UDP);
  program.land(is_tcp);
  program.load_at(BPF_W, Register::kPortsAt);
  mix(program);

  program.land(is_fragment);
  program.land(lacks_ports);
  program.compute(BPF_RSH, Register::kHash, 32);
  program.copy(Register::kLoaded, Register::kHash);
  program.end();
  return program;
}

Result<UniqueFd> load_program(std::span<const bpf_insn> code) {
  static constexpr char kLicense[] = "MIT";
  bpf_attr request{};
  request.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  request.insn_cnt = static_cast<std::uint32_t>(code.size());
  request.insns = reinterpret_cast<std::uintptr_t>(code.data());
  request.license = reinterpret_cast<std::uintptr_t>(kLicense);
  UniqueFd program(static_cast<int>(syscall(SYS_bpf, BPF_PROG_LOAD, &request, sizeof request)));
  if (!program) return system_failure("cannot load an eBPF program for the interface", errno);
  return program;
}

}  // namespace

Result<void> steer_flows_by_hash(int tun_fd) {
  const auto program = load_program(hash_of_the_flow().code());
  if (!program) return tl::unexpected(program.error());
  // The interface keeps the program. The kernel takes its result modulo the number of queues.
  const int fd = program->get();
  if (ioctl(tun_fd, TUNSETSTEERINGEBPF, &fd) == 0) return {};
  return system_failure("cannot attach an eBPF program to the interface", errno);
}

}  // namespace wring
