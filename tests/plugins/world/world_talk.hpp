#pragma once

#include <string>

#include <cairn/uuid.hpp>

#include "tests/plugins/support/talk.hpp"

namespace cairn::world {

inline Document at(double x, double y, double z) {
    return Document::list({x, y, z});
}

inline Document box(const std::string& id, double x = 0) {
    return {{"id", id}, {"name", "Box"}, {"type", "primitive"}, {"p", at(x, 1, 0)}, {"properties", {{"color", "red"}}}};
}

/// The world plugin, spoken to as clients do, in the space "main" with limits that no test reaches.
class WorldTalk : public test::Talk {
protected:
    static constexpr const char* kRoomy =
        "limits: {create: 100000/1s, move: 100000/1s, edit: 100000/1s, list: 100000/1s}, spaces: {main: {max_users: 200}}";

    explicit WorldTalk(const std::string& settings = kRoomy) { begin(settings); }
    void begin(const std::string& settings = kRoomy, const std::string& more = {}) {
        open("world: {" + settings + "}", more);
    }

    std::vector<Document> object_rows() { return rows("SELECT * FROM world_objects"); }
    Document object_row(const std::string& id) {
        const auto found = rows("SELECT * FROM world_objects WHERE object_id = $1", {id});
        return found.empty() ? Document{} : found.front();
    }
    /// The object as somebody sees it who joins now.
    Document seen(const std::string& id) {
        for (const Document& object : state("objects")) {
            if (object["id"].text() == id) return object;
        }
        return {};
    }
    /// How many commits of objects the plugin has handed in.
    std::size_t object_commits() {
        std::size_t count = 0;
        for (const Commit& commit : store().commits()) {
            const bool objects = !commit.changes().empty() && commit.changes().front().table->name == "world_objects";
            count += objects ? 1 : 0;
        }
        return count;
    }
    Durability last_class() {
        Durability last{};
        for (const Commit& commit : store().commits())
            if (!commit.changes().empty() && commit.changes().front().table->name == "world_objects")
                last = commit.durability();
        return last;
    }
    static Document parsed(const Document& column) { return Document::parse_json(column.text()); }
};

}  // namespace cairn::world
