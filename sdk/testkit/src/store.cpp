#include <cairn/testkit/store.hpp>

#include <memory>

#include "sdk/testkit/src/host_impl.hpp"

namespace cairn::testkit {

Store::~Store() = default;

namespace {

/// Store over the host's parts.
class StoreOfHost final : public Store {
public:
    explicit StoreOfHost(Host::Impl& host) noexcept : host_(host) {}

    std::vector<Document> rows(std::string_view table) override { return query("SELECT * FROM " + std::string(table), {}); }

    std::vector<Document> query(std::string_view sql, std::vector<Document> parameters) override {
        Life& life = running();
        std::optional<Result<Rows>> answer;
        life.engine->query({std::string(sql), std::move(parameters)}, [&](Result<Rows> rows) { answer = std::move(rows); });
        const bool held = std::exchange(host_.held, false);
        life.lanes.hold_storage(false);
        while (!answer && (life.turn_engine() || life.lanes.step())) {
        }
        host_.held = held;
        life.lanes.hold_storage(held);
        if (!answer) throw Failure("the store has not answered: " + std::string(sql));
        return std::move(answer->value());
    }

    void put(std::string_view table, const Document& row) override {
        Life& life = running();
        for (const auto& spec : life.plugins->declarations().tables) {
            if (spec->name != table) continue;
            Commit commit;
            commit.changes().push_back({spec.get(), key_of(*spec, row), row.to_json()});
            std::optional<Result<Committed>> answer;
            life.engine->commit(std::move(commit), [&](Result<Committed> result) { answer = std::move(result); });
            // Until the store itself holds it, which is where a constraint says no.
            bool stored = false;
            std::optional<Error> refused;
            life.engine->flush([&](Result<Done> done) {
                stored = true;
                if (!done) refused = done.error();
            });
            while (!stored && life.turn_engine()) {
            }
            if (answer && !*answer) throw Error(answer->error());
            if (refused) throw Error(*refused);
            if (!answer || !stored) throw Failure("the row could not be put into " + std::string(table) + ": the store is held or away");
            return;
        }
        throw Failure("no plugin of this test declares the table " + std::string(table));
    }

    void on_query(std::function<Rows(const Query&)> answer) override { host_.memory.on_query(std::move(answer)); }

    void fail_next(Code code, int count) override { running().storage->refuse(code, count); }
    void fail(Code code) override { running().storage->refuse(code, -1); }
    void take_away() override {
        if (StoreFront* front = running().front.get()) front->away(true);
    }
    void heal() override {
        Life& life = running();
        life.storage->heal();
        if (life.front) life.front->away(false);
    }
    void hold() override { hold(true); }
    void release() override { hold(false); }
    const std::vector<Commit>& commits() const override { return running().storage->commits(); }

private:
    Life& running() const {
        host_.need_running();
        return *host_.life;
    }
    void hold(bool held) {
        running().lanes.hold_storage(held);
        host_.held = held;
    }
    Host::Impl& host_;
};

}  // namespace

std::unique_ptr<Store> make_store(Host::Impl& impl) {
    return std::make_unique<StoreOfHost>(impl);
}

}  // namespace cairn::testkit
