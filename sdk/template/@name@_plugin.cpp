#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cairn/plugin.hpp>
#include <cairn/services/store.hpp>

#include "@name@.hpp"

// The glue: what the host asks for, and nothing that needs a test of its own.
namespace @name@_plugin {

/// One per space, on that space's strand: handlers and completions come one after the other, so there are no locks.
class @Name@Behaviour final : public cairn::Behaviour {
public:
    @Name@Behaviour(cairn::Space& space, std::shared_ptr<const Config> config, cairn::Table<CountRow> table)
        : space_(space), config_(std::move(config)), table_(table), counts_(space.id()) {
        // Nobody gets in before the counts are there.
        const auto hold = space.hold("the counts of @name@");
        table.select().where(&CountRow::space).is(space.id()).load(
            space.storage(), [this, hold](cairn::Result<std::vector<CountRow>> rows) {
                if (rows) counts_.load(rows.value());
                else hold->fail(rows.error());
            });
        space
            .on<Wave>("@name@.wave",
                      [this](cairn::Player& from, const Wave& wave, cairn::Reply reply) {
                          on_wave(from, wave, std::make_shared<cairn::Reply>(std::move(reply)));
                      })
            .meaning("waves to everybody in the space; they hear @name@.waved")
            .limit({5, cairn::Duration(1000)});
    }

private:
    void on_wave(cairn::Player& from, const Wave& wave, const cairn::SharedReply& reply) {
        const CountRow row = counts_.add(from.id());
        cairn::Commit commit;
        commit.by(from.id());
        table_.put(commit, row);
        const cairn::Document event{{"by", from.id()},
                                    {"name", from.name()},
                                    {"word", wave.word.empty() ? config_->greeting : wave.word},
                                    {"count", row.count}};
        // Everybody hears of it once it is kept; `from` may have left by then, so nothing here refers to him.
        space_.storage().commit(std::move(commit), [this, event, row, reply](cairn::Result<cairn::Committed> kept) {
            if (!kept) {
                counts_.take_back(row.player);
                return reply->refuse(kept.error());
            }
            space_.broadcast("@name@.waved", event);
            reply->ok({{"count", row.count}});
        });
    }

    cairn::Space& space_;
    std::shared_ptr<const Config> config_;
    cairn::Table<CountRow> table_;
    Counts counts_;
};

class @Name@Plugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        store_ = setup.require<cairn::services::Store>();
        const auto config = setup.config<Config>();
        const auto table = setup.table<CountRow>("@table@", {"space", "player"});
        setup.behaviour("@name@", [config, table](cairn::Space& space) {
            return std::make_unique<@Name@Behaviour>(space, config, table);
        });
        cairn::HttpFiles page;
        page.prefix = "/@name@/";
        page.folder = setup.share_dir() + "/@name@";
        page.headers = {{"Content-Security-Policy", "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'"}};
        setup.files(std::move(page));
    }
    void ready(cairn::Runtime& runtime) override { runtime.announce("@name@", "/@name@/ on the same address"); }

    cairn::Service<cairn::services::Store> store_;
};

}  // namespace @name@_plugin

CAIRN_PLUGIN(@name@_plugin::@Name@Plugin, "@name@", "0.1.0")
