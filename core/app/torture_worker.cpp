// The process that `cairn torture` kills. Not in the help: it is of no use alone.
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <stdexcept>

#include "core/app/command.hpp"
#include "core/app/engine_opening.hpp"
#include "core/app/offline_store.hpp"
#include "core/app/torture.hpp"
#include "core/durability/migration_files.hpp"
#include "core/torture/checker.hpp"
#include "core/torture/workload.hpp"

namespace cairn::core {
namespace {

/// Straight into the pipe: what is in a buffer of this process would die with it.
void write_lines(const std::string& lines) {
    std::size_t done = 0;
    while (done < lines.size()) {
        const ssize_t got = ::write(STDOUT_FILENO, lines.data() + done, lines.size() - done);
        if (got < 0 && errno != EINTR) std::_Exit(exit_code::kProblems);  // nobody listens any more
        if (got > 0) done += static_cast<std::size_t>(got);
    }
}

/// A row of a torture table as a line for torture::Dump; empty for other tables.
std::string line_of(std::string_view table, std::span<const std::string> columns, std::span<const Document> values) {
    constexpr std::string_view kPrefix = "torture_";
    const auto value = [&](std::string_view name) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (columns[i] != name) continue;
            return values[i].is_text() ? std::string(values[i].text()) : std::to_string(values[i].integer_or(0));
        }
        return std::string("?");
    };
    if (table.substr(0, kPrefix.size()) != kPrefix) return {};
    const std::string lane = " " + value("lane") + " ";
    if (table == "torture_items") return "item" + lane + value("id") + " " + value("owner");
    if (table == "torture_purses") return "purse" + lane + value("side") + " " + value("gold");
    if (table == "torture_ledger") return "ledger" + lane + value("operation") + " " + value("gold");
    if (table == "torture_messages") return "message" + lane + value("number") + " " + value("operation");
    return "place" + lane + "0 " + value("value");
}

torture::Dump write_dump(services::Store& store) {
    torture::Dump dump;
    std::string lines;
    const auto add = [&](const std::string& line) {
        if (line.empty()) return;
        dump.take(line);
        lines += line + "\n";
        constexpr std::size_t kMuch = 64 << 10;
        if (lines.size() < kMuch) return;
        write_lines(lines);
        lines.clear();
    };
    store.snapshot([&](std::string_view table, std::span<const std::string> columns,
                       std::span<const Document> values) { add(line_of(table, columns, values)); });
    Query letters;
    letters.sql = "SELECT operation FROM cairn_dead_letters";
    store.query(letters, [&](std::span<const std::string>, std::span<const Document> values) {
        add("letter " + std::string(values.front().text()));
        return true;
    });
    std::string wrong = store.integrity();
    std::replace(wrong.begin(), wrong.end(), '\n', ' ');
    if (!wrong.empty()) add("integrity " + wrong);
    write_lines(lines + "dumped\n");
    return dump;
}

int work(const Arguments& arguments, Terminal& terminal) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto preparation = prepare(configuration_inputs(arguments));
    if (!preparation->ok()) {
        print_problems(*preparation, terminal.err, false);
        return exit_code::kProblems;
    }
    OfflineStore offline(*preparation);
    const std::unique_ptr<services::Store> store = offline.store().elsewhere(arguments.value("--place"));
    store->open();
    const std::vector<std::string> owners{"torture"};
    store->migrate(find_migrations(preparation->plugins->share_dir(), owners, store->engine()));
    const std::vector<const TableSpec*> tables = torture::torture_tables();
    store->bind(tables, {});
    const DurabilityConfig& durability = preparation->host.durability;
    const auto journal = open_journal(durability, offline.data_dir(), *store);
    CommitQueue::Options options = engine_options(durability, offline.data_dir(), [](const std::string& why) {
        write_lines("failed " + why + "\n");
        std::_Exit(exit_code::kRestart);
    });
    options.audit.clear();
    CommitQueue commits(options, offline.background(), offline.clock(), offline.metrics());
    commits.start(*store, *journal, tables);
    write_lines("ready\n");
    torture::Dump dump = write_dump(*store);
    if (!arguments.has("--only-dump")) {
        torture::Workload::Options load;
        load.lanes = std::stoi(arguments.value("--lanes", "64"));
        load.rate = std::stod(arguments.value("--rate", "4000"));
        load.first = std::stoull(arguments.value("--first", "1"));
        load.seed = std::stoull(arguments.value("--seed", "1"));
        torture::Workload workload(load, commits, std::move(dump.lanes), write_lines);
        workload.run([] { return false; });
    }
    commits.stop();
    store->close();
    return exit_code::kOk;
}

}  // namespace

Command torture_worker_command() {
    return {"torture-worker",
            "FILE --place NAME",
            "",
            "What `cairn torture` starts and kills.\n",
            configuration_options({{"--place", true, "", false},
                                   {"--only-dump", false, "", false},
                                   {"--lanes", true, "", false},
                                   {"--rate", true, "", false},
                                   {"--first", true, "", false},
                                   {"--seed", true, "", false}}),
            work};
}

}  // namespace cairn::core
