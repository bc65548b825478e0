#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <cairn/json.hpp>
#include <cairn/services/store.hpp>

namespace cairn::core::test {

/// A store in one JSON file, written anew at each apply: places are files. Rows with `value` below zero are refused.
class FileStore final : public services::Store {
public:
    explicit FileStore(std::string file) : file_(std::move(file)) {}

    std::string_view engine() const noexcept override { return "file"; }
    std::string_view backup_ending() const noexcept override { return ".db"; }
    void open() override {
        if (open_) throw Error(Code::internal, "open twice");
        tables_.clear();
        notes_.clear();
        seq_ = 0;
        if (std::filesystem::exists(file_)) load();
        open_ = true;
        save();
    }
    int migrate(std::span<const services::Migration> migrations) override {
        const int before = migrated_;
        migrated_ = static_cast<int>(migrations.size());
        return migrated_ - before;
    }
    void bind(std::span<const TableSpec* const>, std::span<const std::string>) override {}
    services::Watermark watermark() override { return {seq_}; }
    void apply(std::span<const services::TableBatch> batch, services::Watermark watermark) override {
        if (watermark.seq < seq_) throw Error(Code::internal, "the watermark went back");
        auto next = tables_;
        for (const services::TableBatch& table : batch) {
            for (const std::string_view key : table.erased) next[table.table->name].erase(key_of(key));
            for (const std::string_view row : table.rows) {
                const Document json = Document::parse_json(row);
                if (json["value"].integer_or(0) < 0) throw Error(Code::conflict, "value must not be negative");
                next[table.table->name][std::string(json["id"].text())] = std::string(row);
            }
        }
        tables_ = std::move(next);
        seq_ = watermark.seq;
        save();
    }
    void bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) override {
        for (const services::DeadLetter& letter : letters) buried_.push_back(letter.seq);
        seq_ = watermark.seq;
        save();
    }
    void query(const Query&,
               const std::function<bool(std::span<const std::string>, std::span<const Document>)>&) override {}
    std::string integrity() override { return damage_; }
    services::Watermark snapshot(const services::RowSink& sink) override {
        for (const auto& [table, rows] : tables_) {
            for (const auto& [id, row] : rows) {
                std::vector<std::string> columns;
                std::vector<Document> values;
                const Document json = Document::parse_json(row);
                for (const Document::Member& member : json.members()) {
                    columns.push_back(member.key);
                    values.push_back(member.value);
                }
                sink(table, columns, values);
            }
        }
        return {seq_};
    }
    std::vector<services::AppliedMigration> applied_migrations() override { return {}; }
    std::string note(std::string_view key) override { return notes_[std::string(key)]; }
    void set_note(std::string_view key, std::string_view value) override {
        notes_[std::string(key)] = value;
        save();
    }
    void backup(const std::string& path) override {
        if (fail_backup) throw Error(Code::unavailable, "the disk is full");
        std::ofstream(path) << (tear_backup ? text().substr(0, 10) : text());
    }
    void close() noexcept override { open_ = false; }

    std::string place() const override { return file_; }
    std::string place_beside(std::string_view reason) const override {
        for (int number = 1;; ++number) {
            const std::string place = file_ + "." + std::string(reason) + "-" + std::to_string(number);
            if (!std::filesystem::exists(place)) return place;
        }
    }
    std::unique_ptr<Store> elsewhere(const std::string& place) const override {
        return std::make_unique<FileStore>(place);
    }
    void fill(const std::string& path) override {
        if (std::filesystem::exists(file_)) throw Error(Code::conflict, file_ + " is there");
        std::filesystem::copy_file(path, file_);
    }
    void remove() override { std::filesystem::remove(file_); }
    std::string replace_with(const std::string& place) override {
        if (!std::filesystem::exists(place)) throw Error(Code::not_found, place + " is not there");
        std::string kept;
        if (std::filesystem::exists(file_)) {
            for (int number = 1; kept.empty() || std::filesystem::exists(kept); ++number) {
                kept = file_ + ".quarantine-" + std::to_string(number);
            }
            std::filesystem::rename(file_, kept);
        }
        std::filesystem::rename(place, file_);
        return kept;
    }

    /// For tests: what stands in `id`, -1 for nothing.
    std::int64_t value(const std::string& id) const {
        const auto table = tables_.find("items");
        if (table == tables_.end() || table->second.find(id) == table->second.end()) return -1;
        return Document::parse_json(table->second.at(id))["value"].integer_or(-1);
    }
    const std::vector<std::uint64_t>& buried() const noexcept { return buried_; }
    bool fail_backup = false;
    bool tear_backup = false;

private:
    static std::string key_of(std::string_view key) { return std::string(Document::parse_json(key)["id"].text()); }
    std::string text() const {
        Document tables = Document::map();
        for (const auto& [table, rows] : tables_) {
            Document list = Document::map();
            for (const auto& [id, row] : rows) list.set(id, row);
            tables.set(table, list);
        }
        Document notes = Document::map();
        for (const auto& [key, value] : notes_) notes.set(key, value);
        return Document{{"seq", seq_}, {"tables", tables}, {"notes", notes}}.to_json();
    }
    void save() const { std::ofstream(file_, std::ios::trunc) << text(); }
    void load() {
        std::ifstream in(file_);
        std::stringstream all;
        all << in.rdbuf();
        Document json;
        try {
            json = Document::parse_json(all.str());
        } catch (const Error&) {
            throw Error(Code::internal, "the database is damaged");
        }
        seq_ = static_cast<std::uint64_t>(json["seq"].integer_or(0));
        for (const auto& table : json["tables"].members()) {
            for (const auto& row : table.value.members()) tables_[table.key][row.key] = row.value.text();
        }
        for (const auto& note : json["notes"].members()) notes_[note.key] = note.value.text();
    }

    std::string file_;
    bool open_ = false;
    int migrated_ = 0;
    std::string damage_;
    std::uint64_t seq_ = 0;
    std::map<std::string, std::map<std::string, std::string>> tables_;
    std::map<std::string, std::string> notes_;
    std::vector<std::uint64_t> buried_;
};

}  // namespace cairn::core::test
