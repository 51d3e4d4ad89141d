// Listeners as the file has them, and the rules that take more than one key to see.
#pragma once

#include "proxyconfig/section_reader.h"

namespace wring::proxy {

class Drafts {
 public:
  explicit Drafts(const FileContext& context) : context_(context) {}
  // Reads a section into another listener of the configuration.
  void add(const IniSection& section, const SectionName& name);
  // After the last: looks at all of them.
  void finish() const;

 private:
  void check_credentials(const IniSection& section, Draft& draft) const;
  void check_files(const IniSection& section, const Draft& draft) const;
  void check_socket_mode(const IniSection& section, Draft& draft) const;
  void check_allowed(const IniSection& section, const Draft& draft) const;

  const FileContext& context_;
};

}  // namespace wring::proxy
