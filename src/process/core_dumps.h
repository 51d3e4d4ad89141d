// Keeps keys out of core files.
#pragma once

namespace wring {

// The process leaves no core file, and no debugger of the same user can attach to it. A dump that
// root takes all the same, as gcore does, has no memory in it. Where a step is refused the others
// still hold. Lasts until a change of user, after which drop_privileges() does it again.
void forbid_core_dumps();

// The process leaves no core file and takes no debugger, but the programs that it starts may.
void forbid_own_core_dump();

}  // namespace wring
