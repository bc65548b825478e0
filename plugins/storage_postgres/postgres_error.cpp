#include "plugins/storage_postgres/postgres_error.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace cairn::storage_postgres {
namespace {

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : std::string(text);
}

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
}

std::string message_of(const PGresult* result) {
    const std::string primary = field(result, PG_DIAG_MESSAGE_PRIMARY);
    return primary.empty() ? trimmed(PQresultErrorMessage(result)) : primary;
}

Error conflict(const PostgresError& error, const std::function<std::string(const std::string&)>& columns_of) {
    const auto say = [](const std::string& message) { return Error(Code::conflict, message); };
    const std::string& state = error.state();
    const std::string column = error.table() + "." + error.column();
    if (state == "23505" || state == "23P01") {
        std::string what = columns_of ? columns_of(error.constraint()) : std::string();
        if (what.empty()) what = error.table() + " (" + error.constraint() + ")";
        return say(what + " is taken by another row");
    }
    if (state == "23502") return say(column + " must have a value");
    if (state == "23503") return say("a row refers to one that does not exist (any more)");
    if (state == "23514") return say("a row breaks the rule: " + error.constraint());
    if (state == "22001") return say("a text is too long for its column");
    if (state == "22003") return say("a number is out of the range of its column");
    if (state == "22021" || state == "22P05") return say("a text holds a character that cannot be kept");
    if (error.state_class() == "54") return say("a row is too large or nested too deep");
    if (error.state_class() == "21") return say("two rows have the same key");
    if (error.state_class() == "22") return say("a value is of another type than its column");
    return say("a row breaks a rule of its table");
}

std::string cure(const PostgresError& error) {
    const std::string& state = error.state();
    const std::string_view group = error.state_class();
    if (error.is_lost() || group == "08" || group == "57") {
        return state == "57014" ? "It took longer than statement_timeout: look at what the server is doing"
                                : "See that the server runs and can be reached; a running Cairn goes on by itself then";
    }
    if (group == "28") return "Check user and password in the URL, and pg_hba.conf of the server";
    if (state == "3D000") return "Make the database: createdb, or CREATE DATABASE";
    if (state == "42501") return "Give the role the rights: it should own the database, or GRANT CREATE ON its schema";
    if (state == "53100") return "The server's disk is full: free space; writing goes on by itself then";
    if (state == "53300") return "The server takes no more connections: raise max_connections, or lower pool.size";
    if (state == "55P03") return "Another session holds a lock: look at pg_locks and end it";
    if (state == "25006") return "This server only reads (a standby?): name the one that takes writes";
    if (group == "40") return "It is tried again";
    if (group == "53" || group == "58") return "Look at the server's memory and disk, and at its log";
    return {};
}

}  // namespace

std::string one_line(std::string text) {
    text = trimmed(std::move(text));
    // Advice stands on a line of its own, behind a tab.
    for (std::size_t at = 0; (at = text.find("\n\t", at)) != std::string::npos;) text.replace(at, 2, ". ");
    std::replace(text.begin(), text.end(), '\n', ';');
    return text;
}

PostgresError::PostgresError(const PGresult* result, std::string doing)
    : std::runtime_error(message_of(result)),
      state_(field(result, PG_DIAG_SQLSTATE)),
      doing_(std::move(doing)),
      table_(field(result, PG_DIAG_TABLE_NAME)),
      column_(field(result, PG_DIAG_COLUMN_NAME)),
      constraint_(field(result, PG_DIAG_CONSTRAINT_NAME)),
      position_(std::atoi(field(result, PG_DIAG_STATEMENT_POSITION).c_str())) {
    // After these the server closes the connection; in the middle of a COMMIT they leave open what has become of it.
    const std::string severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    lost_ = severity == "FATAL" || severity == "PANIC";
}

PostgresError::PostgresError(std::string state, const std::string& message, std::string doing)
    : std::runtime_error(trimmed(message)), state_(std::move(state)), doing_(std::move(doing)) {}

PostgresError PostgresError::lost(const std::string& message, std::string doing) {
    PostgresError error({}, message, std::move(doing));
    error.lost_ = true;
    return error;
}

bool is_refusal(const PostgresError& error) noexcept {
    if (error.is_lost()) return false;
    // Values, constraints, what triggers and their functions raise, JSON nested too deep (54), and 21000: two rows of one
    // batch that the database takes for the same (a UUID in capitals and in small letters), each of which is fine alone.
    for (const std::string_view group : {"21", "22", "23", "44", "54", "P0", "09", "27", "2F", "38", "39"}) {
        if (error.state_class() == group) return true;
    }
    return false;
}

bool is_stale(const PostgresError& error) noexcept {
    return error.state() == "26000" || error.state() == "42P05" ||
           (error.state() == "0A000" && std::string_view(error.what()).find("cached plan") != std::string_view::npos);
}

bool names_data_file(std::string_view text) noexcept {
    for (const std::string_view folder : {"base/", "pg_tblspc/"}) {
        for (std::size_t at = text.find(folder); at != std::string_view::npos; at = text.find(folder, at + 1)) {
            const std::size_t next = at + folder.size();
            const bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == '"';
            if (begins && next < text.size() && text[next] >= '0' && text[next] <= '9') return true;
        }
    }
    return false;
}

bool is_damage(const PostgresError& error) noexcept {
    if (error.state() == "XX001" || error.state() == "XX002") return true;
    return error.state() == "58P01" && names_data_file(error.what());  // a file of a table or index is gone
}

Error to_error(const PostgresError& error, const std::string& where,
               const std::function<std::string(const std::string&)>& columns_of) {
    if (is_refusal(error)) return conflict(error, columns_of);
    std::string text = where + ": " + error.doing() + ": " + error.what();
    if (!error.state().empty()) text += " (SQLSTATE " + error.state() + ")";
    if (is_damage(error)) {
        return Error(Code::internal, text + ". Pages of the database are damaged: stop the server, keep the data folder of "
                                            "PostgreSQL aside, and restore the newest verified backup");
    }
    if (const std::string help = cure(error); !help.empty()) text += ". " + help;
    const std::string_view group = error.state_class();
    // What the statements themselves are wrong about will not pass: a table that is gone, a function of a newer server.
    const bool stays = (group == "42" && error.state() != "42501") || group == "0A" || group == "3F";
    return Error(stays ? Code::internal : Code::unavailable, text);
}

}  // namespace cairn::storage_postgres
