#include "core/durability/commit_queue.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "core/durability/admission.hpp"
#include "core/durability/catch_up.hpp"
#include "core/durability/engine_condition.hpp"
#include "core/durability/engine_figures.hpp"
#include "core/durability/group_writer.hpp"
#include "core/durability/journal.hpp"
#include "core/durability/materialiser.hpp"
#include "core/durability/recall_operations.hpp"
#include "core/durability/row_codec.hpp"
#include "core/durability/selection_evaluator.hpp"
#include "core/durability/selection_sql.hpp"
#include "core/durability/store_notes.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {
namespace {

/// Why what is added to cannot be read from this store, if it cannot: said at the door, not when it is too late.
std::optional<Error> no_additions(const CommitQueue::Options& options, const services::Store& store) {
    if (options.rows) return std::nullopt;
    try {
        static_cast<void>(engine_dialect(store.engine()));
        return std::nullopt;
    } catch (const Error& error) {
        return Error(error.code(), std::string("numbers cannot be added to (Table::add), as ") + error.what() +
                                       ". Read the row and put it (Table::put), or use one of these stores");
    }
}

}  // namespace

struct CommitQueue::State {
    State(Options given, Background& lanes, const Clock& time, Metrics& metrics)
        : options(std::move(given)),
          background(lanes),
          clock(time),
          condition(metrics),
          figures(metrics),
          admission(options, clock, condition, figures),
          materialiser(options, clock, condition, figures, admission),
          writer(options, clock, condition, figures, admission, materialiser) {}

    void replay(std::uint64_t applied);
    /// Runs `job` in the storage lane once the store holds what has been acknowledged, or gives the error to `then`.
    template <class T>
    void read(bool replica, const char* what, std::function<T(const Task&)> job, Then<T> then);
    using RowSink = std::function<void(std::span<const std::string> columns, std::span<const Document> values)>;
    /// Gives `row` all rows, or throws: also when the store goes or the task ends meanwhile.
    void ask(const Query& query, const Task& task, const RowSink& row);
    /// As ask(), and makes an object of `row` of each row.
    void decode(const Query& query, const StructType& row, const std::function<void*()>& append, const Task& task);
    std::string_view engine();
    /// The rows that `selection` chooses out of all, when the store reads no SQL.
    Rows choose(const Selection& selection);

    const Options options;
    Background& background;
    const Clock& clock;
    EngineCondition condition;
    EngineFigures figures;
    Admission admission;
    Materialiser materialiser;
    GroupWriter writer;
    std::atomic<services::Store*> store{nullptr};  ///< nullptr: not started or stopped
    std::shared_mutex reading;  ///< shared by whoever reads, so that the store can be closed when stop() has returned
    mutable std::mutex journal_mutex;              ///< held while its figures are read, so that it can go at the end
    Journal* journal = nullptr;
    bool started = false;
    std::atomic<bool> stopped{false};  ///< asked by whoever shows the health
};

void CommitQueue::State::ask(const Query& query, const Task& task, const RowSink& row) {
    const std::shared_lock lock(reading);
    services::Store* open = store.load(std::memory_order_acquire);
    if (open == nullptr) throw Error(Code::unavailable, "the store is not open");
    bool cut_short = false;
    open->query(query, [&](std::span<const std::string> columns, std::span<const Document> values) {
        cut_short = task.cancelled() || store.load(std::memory_order_relaxed) == nullptr;
        if (!cut_short) row(columns, values);
        return !cut_short;
    });
    if (cut_short) throw Error(Code::unavailable, "the server is stopping");
}

void CommitQueue::State::decode(const Query& query, const StructType& row, const std::function<void*()>& append,
                                const Task& task) {
    std::optional<RowDecoder> decoder;
    ask(query, task, [&](std::span<const std::string> columns, std::span<const Document> values) {
        if (!decoder) decoder.emplace(row, columns);
        decoder->decode(values, append());
    });
}

std::string_view CommitQueue::State::engine() {
    const std::shared_lock lock(reading);
    services::Store* open = store.load(std::memory_order_acquire);
    if (open == nullptr) throw Error(Code::unavailable, "the store is not open");
    return open->engine();
}

Rows CommitQueue::State::choose(const Selection& selection) {
    const std::shared_lock lock(reading);
    if (store.load(std::memory_order_acquire) == nullptr) throw Error(Code::unavailable, "the store is not open");
    check_selection(selection);
    return select_rows(selection, options.rows(*selection.table));
}

template <class T>
void CommitQueue::State::read(bool replica, const char* what, std::function<T(const Task&)> job, Then<T> then) {
    if (!then) then = [](Result<T>) {};
    const std::uint64_t acknowledged = replica ? 0 : materialiser.handed_over();
    if (store.load(std::memory_order_acquire) == nullptr || materialiser.applied() >= acknowledged) {
        background.compute<T>(Lane::storage, what, std::move(job), std::move(then));
        return;
    }
    materialiser.when_applied(
        acknowledged, [this, what, job = std::move(job), then = std::move(then)](Materialiser::Outcome failed) mutable {
            // The answer comes in the lane in either case.
            if (failed) job = [error = *failed](const Task&) -> T { throw error; };
            background.compute<T>(Lane::storage, what, std::move(job), std::move(then));
        });
}

/// Brings the store up to the journal. Everything that can be in the way is looked for before anything is applied.
void CommitQueue::State::replay(std::uint64_t applied) {
    const Journal& ours = *journal;
    const std::uint64_t last = ours.last();
    if (last <= applied) return;
    if (ours.first() > applied + 1) {
        const std::string what = "commits " + std::to_string(applied + 1) + " to " + std::to_string(ours.first() - 1) +
                                 " are neither in the store nor in the journal in " + options.journal_folder;
        if (!options.allow_loss) {
            throw Error(Code::conflict, what +
                                            ". Restore a backup that reaches further, or start once with "
                                            "durability.allow_loss: true to go on without them");
        }
        core_log().error(what + ": started all the same, as durability.allow_loss says");
    }
    const std::uint64_t from = std::max(applied + 1, ours.first());
    JournalOutlook outlook = look_ahead(options.journal_folder, from, materialiser.tables(), options.allow_loss);
    for (const auto& [table, count] : outlook.unknown) {
        throw Error(Code::conflict, "the journal holds " + std::to_string(count) + " changes of table " + table +
                                        " that are not in the store yet, and no loaded plugin declares it. Load its "
                                        "plugin once more; when the server has started with it, it may go");
    }
    core_log().info("the store lacks commits of the journal; it gets them now",
                    {{"from", from}, {"to", last}, {"commits", outlook.commits}});
    const auto begun = clock.steady();
    materialiser.replay(from, last, std::move(outlook.refused));
    core_log().info(
        "the store holds everything that is in the journal",
        {{"commit", last}, {"ms", std::chrono::duration<double, std::milli>(clock.steady() - begun).count()}});
}

CommitQueue::CommitQueue(Options options, Background& background, const Clock& clock, Metrics& metrics)
    : state_(std::make_unique<State>(std::move(options), background, clock, metrics)) {}

CommitQueue::~CommitQueue() {
    if (state_->stopped || !state_->started) return;
    const Error error(Code::unavailable, "the server is stopping");
    state_->admission.refuse_all(error);
    state_->materialiser.abandon(error);
    state_->materialiser.join();
    if (!state_->options.threads) state_->materialiser.turn();
    state_->admission.close();
    state_->writer.finish();
}

bool CommitQueue::turn() {
    State& state = *state_;
    if (state.options.threads || !state.started) return false;
    const bool wrote = state.writer.turn();
    const bool applied = state.materialiser.turn();
    return wrote || applied;
}

void CommitQueue::start(services::Store& store, Journal& journal, std::span<const TableSpec* const> tables) {
    State& state = *state_;
    if (state.started) throw Error(Code::internal, "CommitQueue::start was called twice");
    if (state.options.journal_folder.empty()) throw Error(Code::internal, "Options::journal_folder is not set");
    const std::uint64_t watermark = store.watermark().seq;
    const StoreNotes notes = read_notes(store);
    check_journal_is_ours(notes, watermark, state.options.journal_folder, journal.id(),
                          journal.last() < journal.first(), state.options.allow_loss);
    note_in_use(store, notes, journal.id());
    if (watermark > journal.last()) {
        core_log().warning("the store is ahead of the journal; numbers go on after those of the store",
                           {{"store", watermark}, {"journal", journal.last()}});
        journal.skip_to(watermark + 1);
    }
    {
        const std::lock_guard lock(state.journal_mutex);
        state.journal = &journal;
    }
    state.figures.set_tables(tables);
    state.writer.set_up(journal);
    state.materialiser.set_up(store, tables, watermark, [&state](std::uint64_t seq, const std::string& reason) {
        state.writer.note_refusal_now(seq, reason);
        return true;
    });
    try {
        state.replay(watermark);
        recall_operations(journal, state.options, state.clock, state.admission);
    } catch (const JournalError& error) {
        throw Error(Code::conflict, error.what());
    }
    state.store.store(&store, std::memory_order_release);
    state.started = true;
    if (state.options.threads) {
        state.materialiser.start(
            [&state](std::uint64_t seq, const std::string& reason) { return state.writer.note_refusal(seq, reason); });
        state.writer.start();
    }
    state.admission.open(no_additions(state.options, store));
}

void CommitQueue::stop() {
    State& state = *state_;
    if (!state.started || state.stopped.exchange(true)) return;
    state.admission.close();
    if (!state.options.threads) {
        while (state.writer.turn()) {
        }
    }
    state.writer.wait_drained();
    state.materialiser.finish();
    if (!state.options.threads) {
        while (state.materialiser.turn()) {
        }
    }
    state.materialiser.join();
    state.writer.finish();
    {
        const std::lock_guard lock(state.journal_mutex);
        state.journal = nullptr;
    }
    services::Store* store = state.store.exchange(nullptr, std::memory_order_acq_rel);
    { const std::unique_lock readers_have_ended(state.reading); }
    if (state.condition.failed()) return;
    const std::uint64_t behind = state.materialiser.handed_over() - state.materialiser.applied();
    if (behind == 0) return note_clean(*store);
    core_log().warning("the store was away at the end; what it lacks is in the journal and follows at the next start",
                       {{"commits", behind}});
}

void CommitQueue::flush(Then<Done> then) {
    flush({}, std::move(then));
}

void CommitQueue::flush(std::string_view table, Then<Done> then) {
    if (!then) then = [](Result<Done>) {};
    const std::uint64_t ticket = state_->admission.push(table);
    state_->writer.when_stored(ticket, [then = std::move(then)](Materialiser::Outcome failed) {
        if (failed)
            then(*failed);
        else
            then(Done{});
    });
}

void CommitQueue::flush_and_wait() {
    std::promise<Result<Done>> promise;
    flush([&](Result<Done> result) { promise.set_value(std::move(result)); });
    while (turn()) {
    }
    promise.get_future().get().value();
}

void CommitQueue::between_batches(std::function<void(services::Store&)> work, Then<Done> then) {
    state_->materialiser.between_batches(std::move(work), std::move(then));
}

Document CommitQueue::statistics() const {
    const State& state = *state_;
    const std::uint64_t applied = state.materialiser.applied();
    const std::uint64_t journaled = state.materialiser.handed_over();
    const std::uint64_t behind = journaled > applied ? journaled - applied : 0;
    // With ack: store those that wait for it are counted by the door.
    const std::size_t waiting = state.admission.waiting();
    Document queues = Document::map();
    for (const EngineFigures::TableFigures& table : state.figures.tables()) {
        const std::int64_t queued = table.queued.load(std::memory_order_relaxed) +
                                    static_cast<std::int64_t>(state.admission.waiting_coalesced(table.table));
        queues.set(table.table->name,
                   {{"processed", table.processed.load(std::memory_order_relaxed)}, {"queued", queued}});
    }
    Document statistics{{"processed", state.figures.processed()},
                        {"queued", state.options.ack == Ack::journal ? waiting + behind : waiting},
                        {"averageLatency", state.figures.average_latency()},
                        {"queues", std::move(queues)}};
    const std::lock_guard lock(state.journal_mutex);
    if (const Journal* journal = state.journal) {
        statistics.set("journal",
                       {{"seq", journal->last()}, {"durable", journal->durable()}, {"bytes", journal->bytes()}});
        statistics.set("store", {{"watermark", applied}, {"behind", behind}});
    }
    return statistics;
}

std::string CommitQueue::trouble() const {
    std::string trouble = state_->condition.trouble();
    if (!trouble.empty()) return trouble;
    if (state_->stopped) return "the store has been closed";
    if (state_->store.load(std::memory_order_relaxed) == nullptr) return "the store has not been opened yet";
    return {};
}

void CommitQueue::commit(Commit commit, Then<Committed> then) {
    state_->admission.submit(std::move(commit), std::move(then));
}

void CommitQueue::query(Query query, Then<Rows> then) {
    const bool replica = query.replica;
    state_->read<Rows>(
        replica, "query",
        [state = state_.get(), query = std::move(query)](const Task& task) {
            Rows rows;
            state->ask(query, task, [&](std::span<const std::string> columns, std::span<const Document> values) {
                Document row = Document::map();
                for (std::size_t i = 0; i < columns.size(); ++i) row.set(columns[i], values[i]);
                rows.push_back(std::move(row));
            });
            return rows;
        },
        std::move(then));
}

void CommitQueue::load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) {
    const bool replica = query.replica;
    state_->read<Done>(
        replica, "load",
        [state = state_.get(), query = std::move(query), &row, append = std::move(append)](const Task& task) {
            state->decode(query, row, append, task);
            return Done{};
        },
        std::move(then));
}

void CommitQueue::select_erased(Selection selection, std::function<void*()> append, Then<Done> then) {
    const bool replica = selection.replica;
    state_->read<Done>(
        replica, "select",
        [state = state_.get(), selection = std::move(selection), append = std::move(append)](const Task& task) {
            if (state->options.rows) {
                for (const Document& row : state->choose(selection)) decode_row(row, *selection.table->row, append());
                return Done{};
            }
            const Dialect dialect = engine_dialect(state->engine());
            const Query query = selection_sql(selection, dialect);  // which looks at the selection first
            state->decode(query, *selection.table->row, append, task);
            return Done{};
        },
        std::move(then));
}

void CommitQueue::count(Selection selection, Then<std::int64_t> then) {
    const bool replica = selection.replica;
    state_->read<std::int64_t>(
        replica, "count",
        [state = state_.get(), selection = std::move(selection)](const Task& task) {
            if (state->options.rows) return static_cast<std::int64_t>(state->choose(selection).size());
            std::int64_t rows = 0;
            state->ask(count_sql(selection, engine_dialect(state->engine())), task,
                       [&](std::span<const std::string>, std::span<const Document> values) {
                           rows = values[0].integer_or(0);
                       });
            return rows;
        },
        std::move(then));
}

}  // namespace cairn::core
