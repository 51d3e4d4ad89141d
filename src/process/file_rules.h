// What a thread may do to files once it is confined.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace wring {

// What is left to it.
struct FileRules {
  std::string delete_in;              // files in this folder may be deleted; empty: none
  std::vector<std::string> readable;  // these files, and those below these folders, may be read
  bool tcp = false;                   // it may bind and connect TCP sockets
};

// From here on the calling thread may open, make, run or rename no file, bind or connect no TCP
// socket, and send no signal to another process, except as the rules say. Descriptors that are open
// already stay usable. There is no way back.
//
// This is Landlock, which sees what a filter of system calls cannot: the path behind a pointer, and
// signals that are sent through fcntl(F_SETOWN). Rules that the kernel does not know are left out:
// all before Linux 5.13, signals before 6.12. Returns false if the kernel takes no rules at all.
// Needs no_new_privs. Its own thread.
bool restrict_files(const FileRules& rules);

// Which version of Landlock this kernel has, from 1 on. The error says why there is none. Any
// thread.
[[nodiscard]] Result<long> landlock_version();

}  // namespace wring
