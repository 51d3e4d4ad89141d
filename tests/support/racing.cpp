// A program with a data race, to see that ThreadSanitizer reports one to where the tests look.
#include <thread>

int main() {
  int unguarded = 0;
  std::thread other([&unguarded] { ++unguarded; });
  ++unguarded;
  other.join();
  return unguarded == 0 ? 1 : 0;
}
