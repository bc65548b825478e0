#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/error.hpp>
#include <cairn/fields.hpp>
#include <cairn/json.hpp>
#include <cairn/storage.hpp>

#include "core/durability/addition.hpp"
#include "core/durability/selection_sql.hpp"

namespace cairn::test {

/// A Storage over SQLite in memory, with the real tables of sql/<plugin>/sqlite and the plugins' real queries. Nothing
/// happens by itself: commits and reads wait until `work()`, so that a test decides what is on its way and when.
class MemoryStorage final : public Storage {
public:
    /// `post` puts completions on the asker's strand.
    explicit MemoryStorage(const std::vector<std::string>& plugins, std::function<void(std::function<void()>)> post)
        : post_(std::move(post)) {
        sqlite3* opened = nullptr;
        if (sqlite3_open(":memory:", &opened) != SQLITE_OK) throw std::runtime_error("sqlite does not open");
        database_.reset(opened);
        run("PRAGMA foreign_keys = ON");
        // As in the store: before 3.41 SQLite took NULL for something that is no JSON.
        sqlite3_create_function_v2(
            opened, "json_valid", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
            [](sqlite3_context* context, int, sqlite3_value** values) {
                if (sqlite3_value_type(values[0]) == SQLITE_NULL) return sqlite3_result_null(context);
                try {
                    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
                    static_cast<void>(Document::parse_json(text));
                    sqlite3_result_int(context, 1);
                } catch (const std::exception&) {
                    sqlite3_result_int(context, 0);
                }
            },
            nullptr, nullptr, nullptr);
        for (const std::string& plugin : plugins) migrate(plugin);
    }

    void commit(Commit commit, Then<Committed> then = {}) override {
        ++commits_asked;
        waiting_.push_back([this, commit = std::move(commit), then = std::move(then)] {
            Result<Committed> result = trouble ? Result<Committed>(*trouble) : decide(commit);
            if (then) post_([then, result] { then(result); });
        });
    }

    void query(Query query, Then<Rows> then) override {
        waiting_.push_back([this, query = std::move(query), then = std::move(then)] {
            if (trouble) return post_([then, error = *trouble] { then(error); });
            Rows rows;
            read(query, [&](sqlite3_stmt* row) {
                Document document = Document::map();
                for (int i = 0; i < sqlite3_column_count(row); ++i)
                    document.set(sqlite3_column_name(row, i), value(row, i));
                rows.push_back(std::move(document));
            });
            post_([then, rows = std::move(rows)] { then(rows); });
        });
    }

    void load_erased(Query query, const StructType& type, std::function<void*()> append, Then<Done> then) override {
        waiting_.push_back([this, query = std::move(query), &type, append = std::move(append), then = std::move(then)] {
            if (trouble) return post_([then, error = *trouble] { then(error); });
            try {
                read(query, [&](sqlite3_stmt* row) { decode_json(type, append(), row_json(row, type)); });
                post_([then] { then(Done{}); });
            } catch (const Error& error) {
                post_([then, error] { then(error); });
            }
        });
    }

    void select_erased(Selection selection, std::function<void*()> append, Then<Done> then) override {
        waiting_.push_back([this, selection = std::move(selection), append = std::move(append), then = std::move(then)] {
            if (trouble) return post_([then, error = *trouble] { then(error); });
            try {
                const StructType& type = *selection.table->row;
                read(core::selection_sql(selection, core::Dialect::sqlite),
                     [&](sqlite3_stmt* row) { decode_json(type, append(), row_json(row, type)); });
                post_([then] { then(Done{}); });
            } catch (const Error& error) {
                post_([then, error] { then(error); });
            }
        });
    }

    void count(Selection selection, Then<std::int64_t> then) override {
        waiting_.push_back([this, selection = std::move(selection), then = std::move(then)] {
            if (trouble) return post_([then, error = *trouble] { then(error); });
            try {
                std::int64_t rows = 0;
                read(core::count_sql(selection, core::Dialect::sqlite),
                     [&](sqlite3_stmt* row) { rows = sqlite3_column_int64(row, 0); });
                post_([then, rows] { then(rows); });
            } catch (const Error& error) {
                post_([then, error] { then(error); });
            }
        });
    }

    /// Does the first thing that waits; false when nothing does.
    bool work_one() {
        if (waiting_.empty()) return false;
        const auto job = std::move(waiting_.front());
        waiting_.pop_front();
        job();
        return true;
    }
    std::size_t waiting() const noexcept { return waiting_.size(); }

    /// What a question answers at once, for the test's own eyes.
    std::vector<Document> rows(const std::string& sql, const std::vector<Document>& parameters = {}) {
        std::vector<Document> found;
        read({sql, parameters}, [&](sqlite3_stmt* row) {
            Document document = Document::map();
            for (int i = 0; i < sqlite3_column_count(row); ++i)
                document.set(sqlite3_column_name(row, i), value(row, i));
            found.push_back(std::move(document));
        });
        return found;
    }
    void run(const std::string& sql) {
        char* message = nullptr;
        if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return;
        const std::string what = message ? message : "sqlite";
        sqlite3_free(message);
        throw std::runtime_error(what + " in: " + sql);
    }
    void put(const Change& change) {
        Commit commit;
        commit.changes().push_back(change);
        if (const auto result = apply(commit); !result) throw Error(result.error());
    }

    /// While set, everything fails with it and nothing is applied.
    std::optional<Error> trouble;
    std::size_t commits_asked = 0;
    /// The durability of each commit, in order.
    std::vector<Durability> classes;
    /// Answers by actor and operation id, as the engine remembers them (Commit::operation).
    std::map<std::pair<std::string, std::string>, std::string> operations;

private:
    struct Close {
        void operator()(sqlite3* database) const { sqlite3_close(database); }
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

    void migrate(const std::string& plugin) {
        std::vector<std::filesystem::path> files;
        const auto folder = std::filesystem::path(CAIRN_SOURCE_DIR) / "sql" / plugin / "sqlite";
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            if (entry.path().stem().extension() != ".down") files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
        for (const auto& file : files) {
            std::ifstream in(file);
            run(std::string(std::istreambuf_iterator<char>(in), {}));
        }
    }

    Statement prepare(const std::string& sql) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
            throw std::runtime_error(std::string(sqlite3_errmsg(database_.get())) + " in: " + sql);
        }
        return Statement(statement);
    }

    static void bind(sqlite3_stmt* statement, int index, const Document& value) {
        if (value.is_null())
            sqlite3_bind_null(statement, index);
        else if (value.is_boolean())
            sqlite3_bind_int(statement, index, value.boolean_or(false) ? 1 : 0);
        else if (value.is_integer())
            sqlite3_bind_int64(statement, index, value.integer_or(0));
        else if (value.is_number())
            sqlite3_bind_double(statement, index, value.number_or(0));
        else {
            const std::string text = value.is_text() ? std::string(value.text()) : value.to_json();
            sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
        }
    }

    static Document value(sqlite3_stmt* row, int column) {
        switch (sqlite3_column_type(row, column)) {
            case SQLITE_NULL:
                return {};
            case SQLITE_INTEGER:
                return sqlite3_column_int64(row, column);
            case SQLITE_FLOAT:
                return sqlite3_column_double(row, column);
            default:
                return std::string(text(row, column));
        }
    }
    static std::string_view text(sqlite3_stmt* row, int column) {
        return {reinterpret_cast<const char*>(sqlite3_column_text(row, column)),
                static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
    }

    template <class Visit>
    void read(const Query& query, Visit visit) {
        const Statement statement = prepare(query.sql);
        for (std::size_t i = 0; i < query.parameters.size(); ++i) {
            const int index = sqlite3_bind_parameter_index(statement.get(), ("$" + std::to_string(i + 1)).c_str());
            if (index == 0) throw std::runtime_error("no parameter $" + std::to_string(i + 1) + " in: " + query.sql);
            bind(statement.get(), index, query.parameters[i]);
        }
        while (sqlite3_step(statement.get()) == SQLITE_ROW) visit(statement.get());
    }

    /// The row as the JSON that describes an object of `type`: columns with JSON are taken as they are. `first`: the
    /// column to begin with.
    static std::string row_json(sqlite3_stmt* row, const StructType& type, int first = 0) {
        std::string json;
        JsonWriter out(json);
        out.begin_object();
        for (int i = first; i < sqlite3_column_count(row); ++i) {
            const Field* field = type.find(sqlite3_column_name(row, i));
            if (!field) throw std::runtime_error(std::string("no such member: ") + sqlite3_column_name(row, i));
            out.key(field->name);
            const Type& kind = field->type->kind == Kind::optional ? *field->type->element : *field->type;
            switch (sqlite3_column_type(row, i)) {
                case SQLITE_NULL:
                    out.null();
                    break;
                case SQLITE_INTEGER:
                    if (kind.kind == Kind::boolean)
                        out.boolean(sqlite3_column_int(row, i) != 0);
                    else
                        out.integer(sqlite3_column_int64(row, i));
                    break;
                case SQLITE_FLOAT:
                    out.number(sqlite3_column_double(row, i));
                    break;
                default:
                    if (kind.kind == Kind::text)
                        out.text(text(row, i));
                    else
                        out.raw(text(row, i));
            }
        }
        out.end_object();
        return json;
    }

    Result<Committed> decide(const Commit& commit) {
        classes.push_back(commit.durability());
        if (commit.durability() == Durability::transient) return Committed{++seq_};
        const std::pair operation(commit.actor(), commit.operation());
        if (!commit.operation().empty()) {
            if (const auto known = operations.find(operation); known != operations.end()) {
                return Committed{seq_, true, known->second};
            }
        }
        Result<Committed> result = apply(commit);
        if (result && !commit.operation().empty()) operations.emplace(operation, commit.answer());
        return result;
    }

    Result<Committed> apply(const Commit& commit) {
        run("BEGIN");
        try {
            for (const Change& change : commit.changes()) apply(change);
            run("COMMIT");
            return Committed{++seq_};
        } catch (const std::exception& error) {
            sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
            return Error(Code::conflict, error.what());
        }
    }

    void apply(const Change& change) {
        if (!change.adds()) return write(change);
        std::string before;
        const std::string_view key = change.key;
        read(core::rows_by_key_sql(*change.table, {&key, 1}, core::Dialect::sqlite),
             [&](sqlite3_stmt* row) { before = row_json(row, *change.table->row, 1); });
        write({change.table, change.key, core::followed_by(*change.table, before, change.row)});
    }

    void write(const Change& change) {
        const bool erases = change.row.empty();
        const Document values = Document::parse_json(erases ? change.key : change.row);
        std::string names, marks, sets, where;
        for (const auto& member : values.members()) {
            names += (names.empty() ? "" : ", ") + member.key;
            marks += marks.empty() ? "?" : ", ?";
            sets += (sets.empty() ? "" : ", ") + member.key + " = excluded." + member.key;
            where += (where.empty() ? "" : " AND ") + member.key + " = ?";
        }
        std::string keys;
        for (const std::string& key : change.table->key) keys += (keys.empty() ? "" : ", ") + key;
        const std::string& table = change.table->name;
        const Statement statement = prepare(erases ? "DELETE FROM " + table + " WHERE " + where
                                                   : "INSERT INTO " + table + " (" + names + ") VALUES (" + marks +
                                                         ") ON CONFLICT (" + keys + ") DO UPDATE SET " + sets);
        int index = 0;
        for (const auto& member : values.members()) {
            const Field* field = change.table->row->find(member.key);
            const Type* type = field == nullptr ? nullptr : field->type;
            while (type != nullptr && type->kind == Kind::optional) type = type->element;
            const bool json = type != nullptr && type->kind != Kind::text && type->kind != Kind::secret;
            if (json && member.value.is_text())
                bind(statement.get(), ++index, member.value.to_json());  // a rate, for example
            else
                bind(statement.get(), ++index, member.value);
        }
        if (sqlite3_step(statement.get()) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database_.get()));
    }

    std::unique_ptr<sqlite3, Close> database_;
    std::function<void(std::function<void()>)> post_;
    std::deque<std::function<void()>> waiting_;
    std::uint64_t seq_ = 0;
};

}  // namespace cairn::test
