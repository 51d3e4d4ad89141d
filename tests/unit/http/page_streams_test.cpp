#include "http/page_streams.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wring::http {
namespace {

using metrics::Snapshot;

// Of a page that takes several pieces.
std::shared_ptr<const Snapshot> snapshot() {
  auto made = std::make_shared<Snapshot>();
  metrics::InterfaceRow& row = made->interfaces.emplace_back();
  row.name = "wg0";
  row.answers = true;
  row.rows.resize(2000);
  for (metrics::PeerRow& peer : row.rows)
    peer.labels = "interface=\"wg0\",public_key=\"" + std::string(44, 'A') + "\"";
  return made;
}

class PageStreamsTest : public testing::Test {
 protected:
  std::unique_ptr<PageStream> begin(const std::shared_ptr<const Snapshot>& seen) {
    return streams_.begin(seen, metrics::Style::kMindFlavor);
  }
  // A little of the page, as a client that reads slowly takes it.
  static bool goes_on(PageStream& stream) {
    char byte = 0;
    return stream.read(&byte, 1) == 1;
  }
  static std::string rest(PageStream& stream) {
    std::string text;
    char part[4096];
    ssize_t size = 0;
    while ((size = stream.read(part, sizeof part)) > 0)
      text.append(part, static_cast<std::size_t>(size));
    EXPECT_EQ(size, PageStream::kEnd);
    return text;
  }
  PageStreams streams_{8, 3};
};

TEST_F(PageStreamsTest, eight_slow_readers_keep_three_snapshots) {
  std::vector<std::weak_ptr<const Snapshot>> seen;
  std::vector<std::unique_ptr<PageStream>> readers;
  for (int i = 0; i < 8; ++i) {
    const auto each = snapshot();
    seen.push_back(each);
    readers.push_back(begin(each));
    ASSERT_TRUE(readers.back());
    EXPECT_TRUE(goes_on(*readers.back()));
  }
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(seen[i].expired(), i < 5) << i;
    EXPECT_EQ(goes_on(*readers[i]), i >= 5) << i;
  }
  char byte = 0;
  EXPECT_EQ(readers[0]->read(&byte, 1), PageStream::kCutOff);
  EXPECT_TRUE(rest(*readers[5]).ends_with("\n"));
}

TEST_F(PageStreamsTest, readers_of_one_snapshot_share_it_and_nobody_is_cut_off) {
  const auto seen = snapshot();
  std::vector<std::unique_ptr<PageStream>> readers;
  for (int i = 0; i < 8; ++i)
    readers.push_back(begin(seen));
  std::string page;
  for (const auto& reader : readers) {
    const std::string text = rest(*reader);
    EXPECT_GT(text.size(), std::size_t{200} << 10);
    EXPECT_TRUE(page.empty() || text == page);
    page = text;
  }
}

TEST_F(PageStreamsTest, more_than_eight_have_no_place_until_one_goes) {
  const auto seen = snapshot();
  std::vector<std::unique_ptr<PageStream>> readers;
  for (int i = 0; i < 8; ++i)
    readers.push_back(begin(seen));
  EXPECT_FALSE(begin(seen));
  readers.pop_back();
  EXPECT_TRUE(begin(seen));
}

TEST_F(PageStreamsTest, who_has_read_all_gives_its_snapshot_back) {
  std::vector<std::unique_ptr<PageStream>> readers;
  readers.push_back(begin(snapshot()));
  for (int i = 0; i < 8; ++i) {
    const auto reader = begin(snapshot());
    rest(*reader);
    EXPECT_TRUE(goes_on(*readers[0]));
  }
}

}  // namespace
}  // namespace wring::http
