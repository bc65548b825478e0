#include "core/app/exchange.hpp"

#include <algorithm>
#include <map>

#include "core/app/exchange_file.hpp"

namespace cairn::core {
namespace {

/// Keys asked for at once.
constexpr std::size_t kKeysPerQuestion = 100;
/// Rows read at once: stores end a query that takes seconds, and a space may hold millions.
constexpr std::size_t kRowsPerQuery = 100'000;

}  // namespace

const ExchangeSection* space_section(const std::vector<ExchangeSection>& sections) {
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [](const ExchangeSection& section) { return section.name == kSpaceSection; });
    return found == sections.end() ? nullptr : &*found;
}

ExchangeSpace find_space(OfflineEngine& engine, const std::vector<ExchangeSection>& sections, const std::string& name) {
    ExchangeSpace space;
    space.name = name;
    const ExchangeSection* section = space_section(sections);
    if (section == nullptr) {
        space.id = name;
        return space;
    }
    each_row(engine, *section, name, [&](const Document& row) {
        auto [id, entry] = section->write(row);
        space.id = std::move(id);
        space.entry = std::move(entry);
    });
    return space;
}

void each_row(OfflineEngine& engine, const ExchangeSection& section, const std::string& parameter,
              const std::function<void(const Document& row)>& row) {
    try {
        // Nothing is written meanwhile, so the parts fit together.
        for (std::size_t taken = 0, page = kRowsPerQuery; page == kRowsPerQuery; taken += page) {
            const Query query{
                section.rows.sql + " LIMIT " + std::to_string(kRowsPerQuery) + " OFFSET " + std::to_string(taken),
                {parameter}};
            page = 0;
            engine.store().query(query, [&](std::span<const std::string> columns, std::span<const Document> values) {
                Document::Map members;
                members.reserve(columns.size());
                for (std::size_t i = 0; i < columns.size(); ++i) members.emplace_back(columns[i], values[i]);
                row(Document::map(std::move(members)));
                ++page;
                return true;
            });
        }
    } catch (const Error& error) {
        if (error.code() != Code::unavailable) throw;
        throw Error(Code::unavailable, "reading \"" + section.name + "\" did not come to its end: " + error.what() +
                                           ". If the store's limit of time was too short for that much, give it more: "
                                           "--set plugins." +
                                           engine.plugin() + ".query_timeout=10m");
    }
}

std::vector<std::string> existing_keys(OfflineEngine& engine, const std::vector<Change>& changes, std::size_t most) {
    std::map<const TableSpec*, std::vector<std::string_view>> by_table;
    for (const Change& change : changes) {
        if (!change.row.empty()) by_table[change.table].push_back(change.key);
    }
    std::vector<std::string> found;
    for (const auto& [one, keys_of_one] : by_table) {
        const TableSpec* const table = one;  // names of their own: clang 14 does not let a lambda have the others
        const std::vector<std::string_view>& keys = keys_of_one;
        std::string columns;
        for (const std::string& column : table->key) columns += (columns.empty() ? "" : ", ") + column;
        const std::string select = "SELECT " + columns + " FROM " + table->name + " WHERE ";
        for (std::size_t begin = 0; begin < keys.size() && found.size() < most; begin += kKeysPerQuestion) {
            Query query{select, {}};
            for (std::size_t i = begin; i < std::min(keys.size(), begin + kKeysPerQuestion); ++i) {
                const Document key = Document::parse_json(keys[i]);
                query.sql += i == begin ? "(" : " OR (";
                bool first = true;
                for (const std::string& column : table->key) {
                    query.parameters.push_back(key[column]);
                    query.sql += (first ? "" : " AND ") + column + " = $" + std::to_string(query.parameters.size());
                    first = false;
                }
                query.sql += ")";
            }
            engine.store().query(query, [&](std::span<const std::string>, std::span<const Document> values) {
                std::string key;
                for (const Document& value : values) key += (key.empty() ? "" : " ") + std::string(value.text());
                found.push_back(table->name + " " + key);
                return found.size() < most;
            });
        }
    }
    return found;
}

}  // namespace cairn::core
