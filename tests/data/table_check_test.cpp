// Described rows against tables that do not fit: every mismatch is a sentence with both sides and the cure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include <cairn/table_check.hpp>

#include "tests/data/engine.hpp"

namespace cairn::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A word that SQL keeps for itself as a column, and defaults with quotes.
struct Odd {
    std::string order = "it's";
    bool select = true;
    double where = 0.5;
    std::vector<std::string> group{"a'b"};
    Duration limit{250};
    std::optional<std::string> maybe;
};
void describe(Fields<Odd>& f) {
    f(&Odd::order, "order", "a word of SQL");
    f(&Odd::select, "select", "another,\nin two lines");
    f(&Odd::where, "where", "one more");
    f(&Odd::group, "group", "words");
    f(&Odd::limit, "limit", "how long");
    f(&Odd::maybe, "maybe", "perhaps");
}

class TableCheck : public testing::TestWithParam<std::string> {
protected:
    /// What binding the table says after the migrations.
    std::string said(const TableSpec& table, const std::string& sql) {
        store_ = engine_.make_store();
        store_->open();
        const std::vector<services::Migration> migrations{{"game", ++number_, "step", std::to_string(number_), sql, {}}};
        std::vector<services::Migration> all = made_;
        all.insert(all.end(), migrations.begin(), migrations.end());
        store_->migrate(all);
        made_ = all;
        std::string text;
        try {
            const std::vector<const TableSpec*> tables{&table};
            store_->bind(tables, {});
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::internal);
            text = error.what();
        }
        store_->close();
        store_.reset();
        return text;
    }
    /// deeds with one part of its making replaced.
    std::string deeds_with(const std::map<std::string, std::string>& columns, const std::string& key) {
        std::string sql = "DROP TABLE IF EXISTS deeds; CREATE TABLE deeds (";
        for (const auto& [name, type] : columns) sql += name + " " + type + ", ";
        return sql + (key.empty() ? "CHECK (1 = 1)" : "PRIMARY KEY (" + key + ")") + ");";
    }
    bool postgres() const { return GetParam() == "postgres"; }
    std::string folder() const { return "sql/game/" + GetParam() + "/"; }

    Folder folder_;
    Engine engine_{new_database(GetParam()), folder_.path()};
    std::unique_ptr<services::Store> store_;
    std::vector<services::Migration> made_;
    int number_ = 0;
};

TEST_P(TableCheck, WhatIsSuggestedFits) {
    const TableSpec odd{"where", {"order"}, &struct_type<Odd>(), "game"};
    EXPECT_EQ(said(odd, create_table_sql(odd, GetParam())), "");
    EXPECT_EQ(said(scores_spec(), create_table_sql(scores_spec(), GetParam())), "");
    EXPECT_THAT(create_table_sql(odd, GetParam()), HasSubstr("-- another, in two lines\n"));
    EXPECT_THROW(create_table_sql(odd, "oracle"), Error);
}

TEST_P(TableCheck, AMissingTableIsSuggested) {
    EXPECT_THAT(said(deeds_spec(), "SELECT 1;"),
                AllOf(HasSubstr("plugin game, table deeds: the database has no such table: add a migration that makes it to " +
                                folder()),
                      HasSubstr(create_table_sql(deeds_spec(), GetParam()))));
}

TEST_P(TableCheck, EveryMismatchSaysBothSidesAndTheCure) {
    const std::string text = postgres() ? "text" : "TEXT";
    const std::string whole = postgres() ? "bigint" : "INTEGER";
    const std::map<std::string, std::string> good{
        {"who", text + " NOT NULL"}, {"number", whole + " NOT NULL"}, {"what", text + " NOT NULL"}};
    const auto with = [&](const std::string& column, const std::string& type) {
        std::map<std::string, std::string> columns = good;
        if (type.empty()) columns.erase(column);
        else columns[column] = type;
        return said(deeds_spec(), deeds_with(columns, "who, number"));
    };
    EXPECT_EQ(said(deeds_spec(), deeds_with(good, "who, number")), "");
    EXPECT_THAT(with("what", ""),
                AllOf(HasSubstr("plugin game, table deeds: the described column what (in words; unique), text, is not in "
                                "the database"),
                      HasSubstr("ALTER TABLE \"deeds\" ADD COLUMN \"what\" " + text), HasSubstr("NOT NULL DEFAULT ''"),
                      HasSubstr("to " + folder())));
    EXPECT_THAT(with("what", whole + " NOT NULL"),
                AllOf(HasSubstr("column what is described as text, and the table has it as " + whole), HasSubstr(folder()),
                      HasSubstr(postgres() ? "ALTER TABLE \"deeds\" ALTER COLUMN \"what\" TYPE text" : "build the table anew")));
    EXPECT_THAT(with("number", text + " NOT NULL"),
                HasSubstr("column number is described as an integer, and the table has it as " + text));
    EXPECT_THAT(with("more", text + " NOT NULL"),
                AllOf(HasSubstr("the database wants a value for column more (" + text + "), which the plugin does not describe"),
                      HasSubstr(folder())));
    EXPECT_EQ(with("more", text + " NOT NULL DEFAULT 'x'"), "");
    EXPECT_EQ(with("more", text), "");
    EXPECT_THAT(said(deeds_spec(), deeds_with(good, "who")),
                AllOf(HasSubstr("the key (\"who\", \"number\") is neither the primary key nor a UNIQUE index of the table, "
                                "whose primary key is (\"who\")"),
                      HasSubstr("CREATE UNIQUE INDEX \"deeds_key\" ON \"deeds\" (\"who\", \"number\");")));
    EXPECT_THAT(said(deeds_spec(), deeds_with(good, "")), HasSubstr("which has no primary key"));
    EXPECT_EQ(said(deeds_spec(), deeds_with(good, "") + "CREATE UNIQUE INDEX k ON deeds (number, who);"), "");
    EXPECT_THAT(said(deeds_spec(), deeds_with(good, "") + "CREATE UNIQUE INDEX k ON deeds (who, number) WHERE number > 0;"),
                HasSubstr("neither the primary key"))
        << "a partial index is no key";
    // All of them at once.
    EXPECT_THAT(said(deeds_spec(), deeds_with({{"who", whole + " NOT NULL"}, {"more", text + " NOT NULL"}}, "who")),
                AllOf(HasSubstr("column number ("), HasSubstr("column what ("), HasSubstr("column who is"),
                      HasSubstr("column more ("), HasSubstr("the key (")));
}

TEST_P(TableCheck, NullHasToBeKnownOnBothSides) {
    const TableSpec odd{"odd", {"order"}, &struct_type<Odd>(), "game"};
    std::string sql = create_table_sql(odd, GetParam());
    const std::string maybe = postgres() ? "\"maybe\" text COLLATE \"C\"" : "\"maybe\" TEXT";
    sql.insert(sql.find(maybe) + maybe.size(), " NOT NULL DEFAULT ''");
    EXPECT_THAT(said(odd, sql), AllOf(HasSubstr("column maybe is described as text that may be empty, and the table takes no "
                                                "NULL for it"),
                                      HasSubstr(postgres() ? "ALTER COLUMN \"maybe\" DROP NOT NULL;" : "build the table anew")));
    StoredTable stored;
    stored.primary_key = {"order"};
    for (const Field& field : struct_type<Odd>().fields) stored.columns.push_back({field.name, "", true, false});
    const std::vector<std::string> notes = table_notes(odd, GetParam(), stored);
    ASSERT_EQ(notes.size(), 4u) << "not the key, and not what may be empty";
    EXPECT_THAT(notes[0], AllOf(HasSubstr("plugin game, table odd: column select is described as true or false that is always "
                                          "there, and the table takes NULL for it"),
                                HasSubstr(folder())));
}

INSTANTIATE_TEST_SUITE_P(OnEachStore, TableCheck, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace cairn::test
