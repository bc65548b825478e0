#pragma once

#include <span>
#include <string>

#include <cairn/services/store.hpp>

namespace cairn::testkit {

/// Stands between the engine and a store and can be away.
class StoreFront final : public services::Store {
public:
    explicit StoreFront(services::Store& inner) noexcept : inner_(inner) {}
    void away(bool away) noexcept { away_ = away; }
    /// Throws when it is away.
    void look() const {
        if (away_) throw Error(Code::unavailable, "the store is away, as the test wants it");
    }

    std::string_view engine() const noexcept override { return inner_.engine(); }
    void open() override { inner_.open(); }
    int migrate(std::span<const services::Migration> migrations) override { return inner_.migrate(migrations); }
    std::vector<services::AppliedMigration> applied_migrations() override { return inner_.applied_migrations(); }
    void bind(std::span<const TableSpec* const> tables, std::span<const std::string> audited) override {
        inner_.bind(tables, audited);
    }
    services::Watermark watermark() override { return inner_.watermark(); }
    void apply(std::span<const services::TableBatch> batch, services::Watermark watermark) override {
        look();
        inner_.apply(batch, watermark);
    }
    void bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) override {
        look();
        inner_.bury(letters, watermark);
    }
    void maintain(bool idle) noexcept override {
        if (!away_) inner_.maintain(idle);
    }
    void vacuum(WallTime keep_audit_from) override {
        look();
        inner_.vacuum(keep_audit_from);
    }
    void query(const Query& query, const std::function<bool(std::span<const std::string> columns,
                                                             std::span<const Document> values)>& row) override {
        look();
        inner_.query(query, row);
    }
    std::string integrity() override { return inner_.integrity(); }
    services::Watermark snapshot(const services::RowSink& sink) override {
        look();
        return inner_.snapshot(sink);
    }
    std::string note(std::string_view name) override { return inner_.note(name); }
    void set_note(std::string_view name, std::string_view value) override { inner_.set_note(name, value); }
    void backup(const std::string& path) override { inner_.backup(path); }
    void close() noexcept override { inner_.close(); }

private:
    services::Store& inner_;
    bool away_ = false;
};

}  // namespace cairn::testkit
