#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <cairn/services/store.hpp>

namespace cairn::testkit {

/// Tables in memory behind the engine. Keeps whole rows by their keys; knows no constraints and reads no SQL.
class MemoryStore final : public services::Store {
public:
    std::string_view engine() const noexcept override { return "memory"; }
    void open() override {}
    int migrate(std::span<const services::Migration>) override { return 0; }
    void bind(std::span<const TableSpec* const>, std::span<const std::string>) override {}
    services::Watermark watermark() override { return {seq_}; }
    void apply(std::span<const services::TableBatch> batch, services::Watermark watermark) override;
    void bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) override;
    /// Answers `SELECT * FROM <table>` in the order of the keys, and everything else with what on_query() says.
    void query(const Query& query, const std::function<bool(std::span<const std::string> columns,
                                                             std::span<const Document> values)>& row) override;
    std::string integrity() override { return {}; }
    services::Watermark snapshot(const services::RowSink& sink) override;
    std::string note(std::string_view name) override;
    void set_note(std::string_view name, std::string_view value) override;
    void backup(const std::string&) override { cannot("write backups"); }
    void close() noexcept override {}

    /// Every row of a table, in the order of the keys.
    Rows rows(const TableSpec& table) const;
    void on_query(std::function<Rows(const Query&)> answer) { answer_ = std::move(answer); }

private:
    using Table = std::map<std::string, Document>;  // key as JSON → row

    std::map<std::string, Table, std::less<>> tables_;
    std::map<std::string, std::string, std::less<>> notes_;
    std::vector<services::DeadLetter> letters_;
    std::function<Rows(const Query&)> answer_;
    std::uint64_t seq_ = 0;
};

/// The key columns of `row` as a JSON object, in the order of the table. [any]
std::string key_of(const TableSpec& table, const Document& row);

}  // namespace cairn::testkit
