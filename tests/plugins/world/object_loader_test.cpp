#include "plugins/world/object_loader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <cairn/error.hpp>

namespace cairn::world {
namespace {

/// A store whose answers are made up; each waits until the test lets it come.
class AnsweringStorage final : public Storage {
public:
    void commit(Commit, Then<Committed>) override { FAIL() << "loading changes nothing"; }
    void query(Query, Then<Rows>) override { FAIL() << "rows are loaded, not queried"; }
    void load_erased(Query query, const StructType&, std::function<void*()> append, Then<Done> then) override {
        asked.push_back(query);
        most_waiting = std::max(most_waiting, waiting_.size() + 1);
        waiting_.push_back([this, query = std::move(query), append = std::move(append), then = std::move(then)] {
            if (trouble) return then(*trouble);
            if (query.sql == kSelectHeapSize) {
                *static_cast<HeapSize*>(append()) = heap;
            } else {
                for (const std::string& id : ids_of(query)) static_cast<LoadedObject*>(append())->object_id = id;
            }
            then(Done{});
        });
    }
    /// False when nothing waits.
    bool answer() {
        if (waiting_.empty()) return false;
        const auto next = std::move(waiting_.front());
        waiting_.pop_front();
        next();
        return true;
    }
    std::size_t count(std::string_view sql) const {
        return static_cast<std::size_t>(
            std::count_if(asked.begin(), asked.end(), [&](const Query& query) { return query.sql == sql; }));
    }

    std::set<std::string> ids;  ///< of the space's objects, in the order of the ids
    HeapSize heap;
    std::int64_t per_page = 10;  ///< objects in a page of the heap; those beyond the last came while it was read
    std::optional<Error> trouble;
    std::vector<Query> asked;
    std::size_t most_waiting = 0;

private:
    static std::int64_t page_of(const Document& place) { return std::stoll(std::string(place.text().substr(1))); }
    std::vector<std::string> ids_of(const Query& query) const {
        std::vector<std::string> found;
        if (query.sql == kSelectObjects) {
            const auto limit = static_cast<std::size_t>(query.parameters[2].integer_or(0));
            for (auto at = ids.upper_bound(std::string(query.parameters[1].text())); at != ids.end() && found.size() < limit;
                 ++at) {
                found.push_back(*at);
            }
            return found;
        }
        EXPECT_EQ(query.sql, kSelectObjectsOfHeap);
        const std::int64_t begin = page_of(query.parameters[1]);
        const std::int64_t end = page_of(query.parameters[2]);
        std::int64_t n = 0;
        for (const std::string& id : ids) {
            const std::int64_t page = n++ / per_page;
            if (page >= begin && page < end) found.push_back(id);
        }
        return found;
    }
    std::deque<std::function<void()>> waiting_;
};

class ObjectLoaderTest : public ::testing::Test {
protected:
    void fill(int objects) {
        for (int i = 0; i < objects; ++i) store_.ids.insert("object-" + std::to_string(1000000 + i * 7));
        store_.heap = {objects, (objects + store_.per_page - 1) / store_.per_page};
    }
    void load(bool has_heap) {
        loader_.emplace(
            store_, "space", has_heap,
            [this](const std::vector<LoadedObject>& rows, bool repeats) {
                EXPECT_TRUE(results_.empty()) << "a page after the end";
                largest_ = std::max(largest_, rows.size());
                for (const LoadedObject& row : rows) {
                    const bool again = !taken_.insert(row.object_id).second;
                    EXPECT_TRUE(!again || repeats) << row.object_id << " came twice";
                }
            },
            [this](Result<Done> result) { results_.push_back(result ? std::string() : result.error().what()); });
        loader_->start();
    }
    void load_all(bool has_heap) {
        load(has_heap);
        while (store_.answer()) {
        }
        EXPECT_EQ(results_, std::vector<std::string>{""});
        EXPECT_EQ(taken_, store_.ids);
    }

    AnsweringStorage store_;
    std::optional<ObjectLoader> loader_;
    std::set<std::string> taken_;
    std::vector<std::string> results_;
    std::size_t largest_ = 0;
};

TEST_F(ObjectLoaderTest, GoesByTheIdsWhereThereIsNoHeap) {
    fill(10001);
    load_all(false);
    EXPECT_EQ(store_.asked.size(), 6u);
    EXPECT_EQ(store_.count(kSelectObjects), 6u);
    EXPECT_EQ(largest_, 2000u);
}

TEST_F(ObjectLoaderTest, AFullLastPageAsksOnceMore) {
    fill(4000);
    load_all(false);
    EXPECT_EQ(store_.asked.size(), 3u);
}

TEST_F(ObjectLoaderTest, AnEmptySpaceIsLoadedAtOnce) {
    load_all(true);
    EXPECT_EQ(store_.asked.size(), 1u);
}

TEST_F(ObjectLoaderTest, ASmallSpaceDoesNotLookAtTheHeap) {
    fill(1999);
    load_all(true);
    EXPECT_EQ(store_.asked.size(), 1u);
}

TEST_F(ObjectLoaderTest, ALargeSpaceIsReadAsItLies) {
    fill(30000);
    load_all(true);
    EXPECT_EQ(store_.count(kSelectObjects), 1u) << "the first page said that there are more";
    EXPECT_EQ(store_.count(kSelectObjectsOfHeap), 15u) << "3,000 pages, 200 at once";
    EXPECT_EQ(largest_, 2000u);
    EXPECT_EQ(store_.most_waiting, 2u) << "two at once, no more: memory stays flat";
}

TEST_F(ObjectLoaderTest, WhatCameBehindTheHeapsEndMeanwhileIsReadToo) {
    fill(30000);
    store_.heap.pages -= 500;
    load_all(true);
    EXPECT_GT(store_.count(kSelectObjectsOfHeap), 0u);
}

TEST_F(ObjectLoaderTest, ASpaceThatIsFewOfManyGoesByItsIds) {
    fill(10000);
    store_.heap.pages = 10001;
    load_all(true);
    EXPECT_EQ(store_.count(kSelectObjectsOfHeap), 0u);
    EXPECT_EQ(store_.count(kSelectObjects), 6u);
}

TEST_F(ObjectLoaderTest, OldServersGoByTheIds) {
    fill(10000);
    store_.heap.pages = 0;
    load_all(true);
    EXPECT_EQ(store_.count(kSelectObjectsOfHeap), 0u);
}

TEST_F(ObjectLoaderTest, PiecesOfThinlyFilledHeapsHaveAnEnd) {
    store_.per_page = 1;
    fill(20000);
    load_all(true);
    EXPECT_EQ(largest_, 2000u) << "the first page";
    EXPECT_EQ(store_.count(kSelectObjectsOfHeap), 79u) << "256 pages at once, never 2,000";
}

TEST_F(ObjectLoaderTest, AnErrorIsSaidOnceWhereverItComes) {
    for (const int good : {0, 1, 2, 5}) {
        SCOPED_TRACE(good);
        store_ = AnsweringStorage();
        results_.clear();
        taken_.clear();
        fill(30000);
        load(true);
        for (int i = 0; i < good; ++i) ASSERT_TRUE(store_.answer());
        store_.trouble = Error(Code::unavailable, "away");
        while (store_.answer()) {
        }
        EXPECT_EQ(results_, std::vector<std::string>{"away"});
    }
}

TEST_F(ObjectLoaderTest, NothingIsTakenAfterAnError) {
    fill(30000);
    load(true);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(store_.answer());
    store_.trouble = Error(Code::unavailable, "away");
    ASSERT_TRUE(store_.answer());
    store_.trouble.reset();
    const std::size_t before = taken_.size();
    while (store_.answer()) {
    }
    EXPECT_EQ(taken_.size(), before);
    EXPECT_EQ(results_.size(), 1u);
}

}  // namespace
}  // namespace cairn::world
