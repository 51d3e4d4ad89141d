// Which namespace was refused, by what, and what to do.
#include "exec/refusals.h"

#include <gmock/gmock.h>

#include <cerrno>

namespace wring::exec {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Explain, a_limit_of_zero_is_a_switch) {
  Surroundings bottlerocket;
  bottlerocket.max_user = 0;
  const Error error = explain(Step::kUser, ENOSPC, bottlerocket);
  EXPECT_EQ(error.code, ENOSPC);
  EXPECT_THAT(error.message, AllOf(HasSubstr("cannot make a user namespace"),
                                   HasSubstr("user.max_user_namespaces is 0"),
                                   HasSubstr("sysctl -w user.max_user_namespaces=10000")));
}

TEST(Explain, each_kind_of_namespace_has_a_limit_of_its_own) {
  Surroundings around;
  around.max_mount = 5;
  around.max_network = 0;
  EXPECT_THAT(explain(Step::kMount, ENOSPC, around).message,
              AllOf(HasSubstr("mount namespace"),
                    HasSubstr("the limit user.max_mnt_namespaces is reached")));
  EXPECT_THAT(explain(Step::kNetwork, ENOSPC, around).message,
              AllOf(HasSubstr("network namespace"), HasSubstr("user.max_net_namespaces is 0")));
}

TEST(Explain, a_filter_of_system_calls_is_named) {
  Surroundings docker;
  docker.filters_calls = true;
  EXPECT_THAT(explain(Step::kUser, EPERM, docker).message,
              AllOf(HasSubstr("user namespace"), HasSubstr("Docker's default"),
                    HasSubstr("--security-opt seccomp=")));
}

TEST(Explain, apparmor_lets_the_user_namespace_pass_and_refuses_what_follows) {
  Surroundings ubuntu;
  ubuntu.apparmor_restricts = true;
  for (const Step step : {Step::kUserMap, Step::kMount, Step::kMountChange, Step::kNetwork}) {
    EXPECT_THAT(explain(step, EPERM, ubuntu).message,
                AllOf(HasSubstr("AppArmor"), HasSubstr("`userns,`"),
                      HasSubstr("apparmor_restrict_unprivileged_userns=0")));
  }
  ubuntu.filters_calls = true;
  EXPECT_THAT(explain(Step::kUser, EPERM, ubuntu).message, HasSubstr("a filter of system calls"));
}

TEST(Explain, a_switch_of_older_systems_is_named) {
  Surroundings old;
  old.users_switched_off = true;
  EXPECT_THAT(explain(Step::kUser, EPERM, old).message,
              HasSubstr("kernel.unprivileged_userns_clone=1"));
}

TEST(Explain, a_kernel_without_namespaces_is_told) {
  EXPECT_THAT(explain(Step::kUser, EINVAL, {}).message, HasSubstr("built without"));
  EXPECT_THAT(explain(Step::kUser, EPERM, {}).message, HasSubstr("a security module"));
}

}  // namespace
}  // namespace wring::exec
