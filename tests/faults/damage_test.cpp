// Databases that are damaged in many ways while the real server is down or at work: each comes back from backup and
// journal with everything that was acknowledged, or is refused in a sentence that says what is missing.
//
// CAIRN_DAMAGE_SEEDS says how often the ways that are left to chance are tried (3 unless said otherwise).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <Poco/Exception.h>

#include "tests/faults/torture_run.hpp"
#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using std::chrono::seconds;

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_at(const std::string& path, std::uint64_t at, const std::string& bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
}

class DamagedWorld : public ::testing::Test {
protected:
    explicit DamagedWorld(std::vector<std::string> overlay = {}) : overlay_(std::move(overlay)) {}

    /// What a room shows of its objects: id → name and place.
    using Objects = std::map<std::string, std::string>;

    std::vector<std::string> words(std::vector<std::string> all, const std::vector<std::string>& more = {}) const {
        all.emplace_back(CAIRN_SOURCE_DIR "/config/metaverse.yaml");
        all.insert(all.end(), overlay_.begin(), overlay_.end());
        all.insert(all.end(), more.begin(), more.end());
        all.insert(all.end(), {"--set", "backup.at_stop=false", "--set", "plugins.world.limits.create=100000/s", "--set",
                               "plugins.world.limits.edit=100000/s", "--set", "server.messages=100000/s", "--set",
                               "data_dir=" + data()});
        return all;
    }
    Finished cairn(const std::vector<std::string>& verb, const std::vector<std::string>& more = {}) const {
        return run_cairn(words(verb, more), seconds(60));
    }
    std::string data() const { return (folder_.path() / "data").string(); }

    void create(const std::string& room, const std::string& prefix, int count) {
        PlayerClient player(server().port());
        player.enter(room, "Builder");
        for (int i = 0; i < count; ++i) {
            const std::string id = prefix + std::to_string(i);
            const std::string name = id + " " + std::string(150, static_cast<char>('a' + i % 26));
            const Document reply = player.ask(
                "object.create", {{"id", id}, {"name", name}, {"type", "primitive"}, {"p", Document::list({i, 0, 0})}});
            ASSERT_FALSE(reply["d"]["id"].is_null()) << reply.to_json();
            there_[room][id] = shown(name, Document::list({i, 0, 0}));
        }
    }
    void erase(const std::string& room, const std::string& prefix, int from, int count) {
        PlayerClient player(server().port());
        player.enter(room, "Builder");
        for (int i = from; i < from + count; ++i) {
            const std::string id = prefix + std::to_string(i);
            ASSERT_TRUE(player.ask("object.delete", {{"id", id}}).find("err") == nullptr) << id;
            there_[room].erase(id);
        }
    }
    static std::string shown(const std::string& name, const Document& place) {
        std::string text = name;
        for (const Document& number : place.items()) text += " " + std::to_string(std::lround(number.number_or(-1)));
        return text;
    }
    Objects objects(const std::string& room) {
        PlayerClient player(server().port());
        player.enter(room, "Looker");
        Objects all;
        for (const Document& object : player.state("objects")) {
            all[std::string(object["id"].text())] = shown(std::string(object["name"].text()), object["p"]);
        }
        return all;
    }
    void expect_everything(const std::string& after) {
        for (const auto& [room, expected] : there_) EXPECT_EQ(objects(room), expected) << after << ", in " << room;
    }
    /// Somebody comes into the garden, which nobody has read so far, and somebody builds in the main room until the server
    /// ends. What is answered to him counts.
    void work_until_it_ends() {
        try {
            PlayerClient visitor(server().port());
            visitor.tell("hello", {{"client", "test"}, {"name", "Visitor"}, {"space", "garden"}});
            visitor.wait([](const Document&) { return false; }, std::chrono::milliseconds(500));
            PlayerClient player(server().port());
            player.tell("hello", {{"client", "test"}, {"name", "Builder"}, {"space", "main"}});
            for (int i = 0; i < 200 && !player.ended(); ++i) {
                const std::string id = "late" + std::to_string(i);
                const Document place = Document::list({i, 0, 0});
                const Document reply =
                    player.ask("object.create", {{"id", id}, {"name", id}, {"type", "primitive"}, {"p", place}});
                if (!reply["d"]["id"].is_null()) there_["main"][id] = shown(id, place);
            }
        } catch (const Poco::Exception&) {
            return;  // it takes nobody any more
        }
    }
    ServerProcess& server() {
        if (!server_) server_ = std::make_unique<ServerProcess>(words({}));
        return *server_;
    }
    /// What the server has said since the last call.
    std::string news() {
        const std::string all = server().output();
        const std::string fresh = all.substr(std::min(seen_, all.size()));
        seen_ = all.size();
        return fresh;
    }

    const std::vector<std::string> overlay_;
    TemporaryFolder folder_;
    std::map<std::string, Objects> there_;  ///< acknowledged, by room
    std::unique_ptr<ServerProcess> server_;
    std::size_t seen_ = 0;
};

// -------------------------------------------------------------------------------------------------------------- SQLite

class DamagedSqlite : public DamagedWorld {
protected:
    std::string database() const { return data() + "/cairn.db"; }

    /// A world with a backup, changes after it, and free pages; stopped. Kept aside to begin from.
    void prepare() {
        server().start();
        create("main", "a", 160);
        erase("main", "a", 20, 70);
        ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
        create("main", "b", 40);
        ASSERT_EQ(server().stop(), 0);
        fs::copy(data(), folder_.path() / "good", fs::copy_options::recursive);
        look();
    }
    void begin_again() {
        server().kill_hard();
        fs::remove_all(data());
        fs::copy(folder_.path() / "good", data(), fs::copy_options::recursive);
        news();
    }
    std::uint32_t number_at(std::size_t at) const {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes_[at + static_cast<std::size_t>(i)]);
        return value;
    }
    /// Offsets of leaf pages with or without rows of objects (a table WITHOUT ROWID is built like an index); the first page
    /// has the header of the file in it and is left out.
    std::vector<std::size_t> leaves(bool of_objects, const std::string& with = {}) const {
        std::vector<std::size_t> found;
        for (std::size_t at = page_; at + page_ <= bytes_.size(); at += page_) {
            if (bytes_[at] != 0x0a && bytes_[at] != 0x0d) continue;
            const std::string page = bytes_.substr(at, page_);
            if ((page.find("primitive") != std::string::npos) != of_objects) continue;
            if (page.find(with) != std::string::npos) found.push_back(at);
        }
        return found;
    }
    void look() {
        bytes_ = read_file(database());
        page_ = static_cast<unsigned char>(bytes_[16]) * 256u + static_cast<unsigned char>(bytes_[17]);
        if (page_ == 1) page_ = 65536;
    }
    void flip(std::size_t from, std::size_t size, int bits, std::mt19937& random) {
        for (int i = 0; i < bits; ++i) {
            const std::size_t at = from + random() % size;
            const char now = read_file(database())[at];
            write_at(database(), at, std::string(1, static_cast<char>(now ^ (1 << random() % 8))));
        }
    }
    /// The server comes up with everything; or it refuses in a sentence, and `cairn restore` brings everything; or what a
    /// check of SQLite cannot see (it has no checksums) is seen by the restore drill, and the restore brings everything.
    void recovers(const std::string& what) {
        SCOPED_TRACE(what);
        server().launch();
        bool up = false;
        for (int i = 0; i < 600 && !up && server().running(); ++i) {
            up = http_get(server().port(), "/readyz").status == 200;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        if (up && news().find("has been restored; nothing is lost") != std::string::npos) {
            ++by_itself_;
            return expect_everything("restored by itself");
        }
        if (up) {
            if (cairn({"backup", "drill"}).exit_code == 0) {
                ++untouched_;
                return expect_everything("nobody saw anything");
            }
            ++by_the_drill_;
            server().kill_hard();
        } else {
            ++refused_;
            EXPECT_EQ(server().wait(seconds(5)), 1);
            EXPECT_THAT(news(), AnyOf(HasSubstr("cairn.db"), HasSubstr("cairn_")));
        }
        const Finished restored = cairn({"restore"}, {"--latest", "--yes"});
        ASSERT_EQ(restored.exit_code, 0) << restored.output;
        server().start();
        expect_everything("restored by hand");
    }
    std::string bytes_;
    std::size_t page_ = 0;
    int by_itself_ = 0;
    int by_the_drill_ = 0;
    int refused_ = 0;
    int untouched_ = 0;
};

TEST_F(DamagedSqlite, AtRest) {
    prepare();
    const int seeds = number_of("CAIRN_DAMAGE_SEEDS", 3);
    const std::vector<std::size_t> objects = leaves(true);
    const std::vector<std::size_t> others = leaves(false);
    const std::size_t free_page = number_at(32);
    ASSERT_GT(objects.size(), 5u);
    ASSERT_GT(others.size(), 5u);
    ASSERT_GT(free_page, 1u) << "no free page in the file";
    for (int seed = 1; seed <= seeds; ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        const auto any = [&](const std::vector<std::size_t>& all) { return all[random() % all.size()]; };
        const auto with_seed = [&](const char* what) { return std::string(what) + ", seed " + std::to_string(seed); };
        begin_again();
        flip(any(objects), page_, 1, random);
        recovers(with_seed("a bit of a table"));
        begin_again();
        flip(any(objects), 8, 1, random);
        recovers(with_seed("a bit in the head of a page of a table"));
        begin_again();
        flip(any(objects), page_, 10, random);
        recovers(with_seed("ten bits of a table"));
        begin_again();
        flip(any(others), page_, 10, random);
        recovers(with_seed("ten bits of an index or a small table"));
        begin_again();
        flip(0, 100, 1, random);
        recovers(with_seed("a bit of the header"));
        begin_again();
        flip((free_page - 1) * page_, 12, 1, random);
        recovers(with_seed("a bit of the list of free pages"));
        begin_again();
        fs::resize_file(database(), page_ * (1 + random() % (bytes_.size() / page_ - 1)));
        recovers(with_seed("the file was cut"));
        begin_again();
        fs::resize_file(database(), 1 + random() % (bytes_.size() - 1));
        recovers(with_seed("the file was cut within a page"));
    }
    begin_again();
    fs::resize_file(database(), 0);
    recovers("the file is empty");
    begin_again();
    fs::remove(database());
    recovers("the file is gone");
    begin_again();
    write_at(database(), 0, std::string(bytes_.size(), '\0'));
    recovers("nothing but zeros");
    server().kill_hard();
    EXPECT_GT(by_itself_, untouched_);
    std::printf("restored at the start: %d, seen by the drill: %d, refused and restored by hand: %d, harmless: %d\n",
                by_itself_, by_the_drill_, refused_, untouched_);
}

TEST_F(DamagedSqlite, WhileItRuns) {
    server().start();
    create("garden", "g", 60);
    create("main", "a", 20);
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    create("garden", "h", 10);
    ASSERT_EQ(server().stop(), 0);
    server().start();  // nobody is in the garden: its objects are not read yet
    look();
    std::vector<std::size_t> garden;
    for (int i = 10; garden.empty() && i < 50; ++i) garden = leaves(true, "g" + std::to_string(i) + " ");
    ASSERT_FALSE(garden.empty());
    write_at(database(), garden.front(), std::string(page_, '\x5a'));
    work_until_it_ends();
    EXPECT_EQ(server().wait(seconds(20)), 75) << server().output();
    EXPECT_THAT(news(), HasSubstr("damaged"));
    server().start();
    EXPECT_THAT(news(), HasSubstr("has been restored; nothing is lost"));
    expect_everything("restored by itself");
    EXPECT_EQ(server().stop(), 0);
}

// ---------------------------------------------------------------------------------------------------------- PostgreSQL

class DamagedPostgres : public DamagedWorld {
protected:
    DamagedPostgres() : DamagedWorld({"-c", CAIRN_SOURCE_DIR "/config/postgres.yaml"}) {
        cluster().start();
        name_ = "cairn_damage_" + std::to_string(++count_);
        cluster().run("postgres", "CREATE DATABASE " + name_);
        ::setenv("DATABASE_URL", cluster().url(name_).c_str(), 1);
    }
    ~DamagedPostgres() override {
        server_.reset();
        ::unsetenv("DATABASE_URL");
    }
    static PostgresCluster& cluster() {
        static PostgresCluster own;
        return own;
    }
    std::string file_of(const std::string& relation) const {
        return cluster().data_folder() + "/" +
               cluster().run(name_, "CHECKPOINT; SELECT pg_relation_filepath('" + relation + "')");
    }
    /// Harms the file of a relation while PostgreSQL stands still.
    void harm(const std::string& relation, const std::function<void(const std::string& file)>& work) const {
        const std::string file = file_of(relation);
        cluster().stop();
        work(file);
        cluster().start();
    }
    static void scribble(const std::string& file, std::uint64_t page) {
        write_at(file, page * 8192 + 4000, std::string(64, '\x5a'));
    }
    static inline int count_ = 0;
    std::string name_;
};

TEST_F(DamagedPostgres, AtRest) {
    server().start();
    create("main", "a", 150);
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    create("main", "b", 20);
    ASSERT_EQ(server().stop(), 0);
    const auto gone = [](const std::string& file) { fs::remove(file); };
    const auto emptied = [](const std::string& file) { fs::resize_file(file, 0); };
    const auto first_page = [](const std::string& file) { scribble(file, 0); };
    const auto second_page = [](const std::string& file) { scribble(file, 1); };
    const auto a_bit = [](const std::string& file) {
        const std::uint64_t at = 8192 + 5000;
        write_at(file, at, std::string(1, static_cast<char>(read_file(file)[at] ^ 4)));
    };
    struct Way {
        const char* what;
        const char* relation;
        std::function<void(const std::string&)> harm;
    };
    int number = 0;
    for (const Way& way : std::initializer_list<Way>{
             {"a bit of a table", "world_objects", a_bit},
             {"a page of an index", "world_objects_pkey", second_page},
             {"a table without its file", "world_objects", gone},
             {"a table without its pages", "world_objects", emptied},
             {"an index without its file", "world_objects_pkey", gone},
             {"the number of the last commit", "cairn_watermark", first_page},
             {"a page of the catalogue", "pg_class", first_page},
             {"the folder of the database", "world_objects",
              [](const std::string& file) { fs::remove_all(fs::path(file).parent_path()); }},
         }) {
        SCOPED_TRACE(way.what);
        harm(way.relation, way.harm);
        news();
        server().start();
        EXPECT_THAT(news(), HasSubstr("has been restored; nothing is lost"));
        expect_everything("restored by itself");
        create("main", "after" + std::to_string(++number) + "x", 2);
        ASSERT_EQ(server().stop(), 0);
    }
}

TEST_F(DamagedPostgres, WhileItRuns) {
    server().start();
    create("garden", "g", 100);
    create("main", "a", 20);
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    ASSERT_EQ(server().stop(), 0);
    server().start();
    news();
    harm("world_objects", [](const std::string& file) {
        const std::string bytes = read_file(file);
        scribble(file, bytes.find("g17 ") / 8192);
    });
    work_until_it_ends();
    EXPECT_EQ(server().wait(seconds(20)), 75) << server().output();
    server().start();
    EXPECT_THAT(news(), HasSubstr("has been restored; nothing is lost"));
    expect_everything("restored by itself");
    EXPECT_EQ(server().stop(), 0);
}

TEST_F(DamagedPostgres, WhatCannotBeReachedIsNamed) {
    server().start();
    create("main", "a", 60);
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    create("main", "b", 20);
    ASSERT_EQ(server().stop(), 0);
    harm("world_objects", [](const std::string& file) { fs::remove(file); });
    for (const auto& entry : fs::directory_iterator(data() + "/journal")) {
        if (entry.path().extension() == ".cjl") fs::remove(entry.path());
    }
    news();
    server().launch();
    EXPECT_EQ(server().wait(seconds(30)), 1);
    const std::string said = news();
    EXPECT_THAT(said, HasSubstr("cannot be reached"));
    EXPECT_THAT(said, HasSubstr("durability.allow_loss"));
    EXPECT_EQ(cluster().run("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE '" + name_ + "%'"), "1")
        << "what stood there stays there, alone";
}

}  // namespace
}  // namespace cairn::test
