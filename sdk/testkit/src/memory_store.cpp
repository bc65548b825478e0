#include "sdk/testkit/src/memory_store.hpp"

namespace cairn::testkit {

std::string key_of(const TableSpec& table, const Document& row) {
    Document key = Document::map();
    for (const std::string& column : table.key) key.set(column, row[column]);
    return key.to_json();
}

void MemoryStore::apply(std::span<const services::TableBatch> batch, services::Watermark watermark) {
    for (const services::TableBatch& changes : batch) {
        Table& table = tables_[changes.table->name];
        for (const std::string_view key : changes.erased) table.erase(key_of(*changes.table, Document::parse_json(key)));
        for (const std::string_view text : changes.rows) {
            Document row = Document::parse_json(text);
            std::string key = key_of(*changes.table, row);
            table.insert_or_assign(std::move(key), std::move(row));
        }
    }
    seq_ = watermark.seq;
}

void MemoryStore::bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) {
    letters_.insert(letters_.end(), letters.begin(), letters.end());
    seq_ = watermark.seq;
}

void MemoryStore::query(const Query& query,
                        const std::function<bool(std::span<const std::string>, std::span<const Document>)>& row) {
    Rows rows;
    constexpr std::string_view kAll = "SELECT * FROM ";
    if (answer_) rows = answer_(query);
    if (rows.empty() && query.sql.starts_with(kAll) && query.sql.find(' ', kAll.size()) == std::string::npos) {
        const auto table = tables_.find(std::string_view(query.sql).substr(kAll.size()));
        if (table != tables_.end())
            for (const auto& [key, one] : table->second) rows.push_back(one);
    } else if (!answer_) {
        throw Error(Code::unsupported, "the tables of this test are in memory and read no SQL (" + query.sql +
                                           "): answer it with host.store().on_query(…), or put `storage_sqlite: {}` "
                                           "among the plugins of the test");
    }
    for (const Document& one : rows) {
        std::vector<std::string> columns;
        std::vector<Document> values;
        for (const Document::Member& member : one.members()) {
            columns.push_back(member.key);
            values.push_back(member.value.is_list() || member.value.is_map() ? Document(member.value.to_json())
                                                                             : member.value);
        }
        if (!row(columns, values)) return;
    }
}

Rows MemoryStore::rows(const TableSpec& table) const {
    Rows all;
    if (const auto found = tables_.find(table.name); found != tables_.end())
        for (const auto& [key, row] : found->second) all.push_back(row);
    return all;
}

services::Watermark MemoryStore::snapshot(const services::RowSink& sink) {
    for (const auto& [name, table] : tables_) {
        for (const auto& [key, row] : table) {
            std::vector<std::string> columns;
            std::vector<Document> values;
            for (const Document::Member& member : row.members()) {
                columns.push_back(member.key);
                values.push_back(member.value);
            }
            sink(name, columns, values);
        }
    }
    return {seq_};
}

std::string MemoryStore::note(std::string_view name) {
    const auto found = notes_.find(name);
    return found == notes_.end() ? std::string() : found->second;
}

void MemoryStore::set_note(std::string_view name, std::string_view value) {
    notes_.insert_or_assign(std::string(name), std::string(value));
}

}  // namespace cairn::testkit
