#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <cairn/uuid.hpp>

#include "plugins/world/world_space.hpp"
#include "tests/plugins/support/fake_space.hpp"

namespace cairn::world {

inline const TableSpec kSpacesSpec{"spaces", {"id"}, &struct_type<SpaceRow>(), "world"};
inline const TableSpec kSessionsSpec{"sessions", {"id"}, &struct_type<SessionRow>(), "world"};
inline const TableSpec kObjectsSpec{"world_objects", {"space_id", "object_id"}, &struct_type<ObjectRow>(), "world"};

inline Tables tables() {
    return {Table<SpaceRow>(kSpacesSpec), Table<SessionRow>(kSessionsSpec), Table<ObjectRow>(kObjectsSpec)};
}

/// The classes as usual; a test changes them and opens the space anew.
struct Kept {
    Collection objects{"world", "objects", "", Durability::durable};
    Collection positions{"world", "positions", "", Durability::coalesced};
    Collection sessions{"world", "sessions", "", Durability::coalesced};
    Collection figures{"world", "figures", "", Durability::coalesced};
    Collection presence{"world", "presence", "", Durability::transient};
    Collections all() const { return {&objects, &positions, &sessions, &figures, &presence}; }
};

inline Document at(double x, double y, double z) {
    return Document::list({x, y, z});
}

inline Document box(const std::string& id, double x = 0) {
    return {{"id", id}, {"name", "Box"}, {"type", "primitive"}, {"p", at(x, 1, 0)}, {"properties", {{"color", "red"}}}};
}

/// A space `main` with the world plugin's behaviour over the real tables, loaded.
class WorldTest : public ::testing::Test {
protected:
    WorldTest() : WorldTest(Config{}) {}
    explicit WorldTest(Config config)
        : config_(std::make_shared<const Config>(std::move(config))), catalogue_(config_) {
        open();
    }

    /// A new space over the rows that are there, as after a restart of the server.
    void reopen() {
        world_.reset();
        space_->settle();
        const auto rows = space_->store().rows("SELECT * FROM world_objects");
        const auto spaces = space_->store().rows("SELECT * FROM spaces");
        const auto sessions = space_->store().rows("SELECT * FROM sessions");
        const std::string id(space_->settings()["id"].text());
        auto operations = std::move(space_->store().operations);
        make_space();
        space_->store().operations = std::move(operations);
        for (const Document& row : spaces) copy(kSpacesSpec, row);
        for (const Document& row : sessions) copy(kSessionsSpec, row);
        for (const Document& row : rows) copy(kObjectsSpec, row);
        start();
        EXPECT_EQ(space_->settings()["id"].text(), id);
    }

    void open() {
        make_space();
        start();
    }
    void make_space() {
        const SpaceSettings settings = catalogue_.resolve("main", 0);
        space_ = std::make_unique<test::FakeSpace>(settings.id, settings.settings, std::vector<std::string>{"world"});
    }
    void start() {
        world_ = std::make_unique<WorldSpace>(*space_, *config_, tables(), kept_.all(), catalogue_);
        space_->settle();
    }
    /// Puts a row back as the table held it.
    void copy(const TableSpec& spec, const Document& row) {
        std::string columns, values;
        for (const Document::Member& member : row.members()) {
            std::string value = member.value.to_json();
            if (member.value.is_text()) {
                value = "'";
                for (const char c : member.value.text()) value += c == '\'' ? std::string("''") : std::string(1, c);
                value += "'";
            }
            columns += (columns.empty() ? "" : ", ") + member.key;
            values += (values.empty() ? "" : ", ") + value;
        }
        space_->store().run("INSERT INTO " + spec.name + " (" + columns + ") VALUES (" + values + ")");
    }
    Document object_row(const std::string& id) {
        const auto rows = space_->store().rows("SELECT * FROM world_objects WHERE object_id = $1", {id});
        return rows.empty() ? Document{} : rows.front();
    }
    /// The object as somebody sees it who joins now.
    Document seen(const std::string& id, test::FakePlayer& by) {
        for (const Document& object : space_->state("objects", by)) {
            if (object["id"].text() == id) return object;
        }
        return {};
    }

    std::shared_ptr<const Config> config_;
    Kept kept_;
    SpaceCatalogue catalogue_;
    std::unique_ptr<test::FakeSpace> space_;
    std::unique_ptr<WorldSpace> world_;
};

}  // namespace cairn::world
