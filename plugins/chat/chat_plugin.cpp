#include <memory>

#include <cairn/plugin.hpp>
#include <cairn/services/store.hpp>

#include "plugins/chat/chat_room.hpp"
#include "plugins/chat/exchange.hpp"

namespace cairn::chat {

/// What people say to each other in a space.
class ChatPlugin final : public Plugin {
public:
    void setup(Setup& setup) override {
        store_ = setup.require<services::Store>();
        const auto table = setup.table<MessageRow>("chat_messages", {"id"});
        const Collection& kept = setup.collection("messages", Durability::durable, "what is said, changed and deleted");
        setup.exchange(messages_section(table));
        setup.behaviour("chat", [config = setup.config<Config>(), table, &kept](Space& space) {
            return std::make_unique<ChatRoom>(space, *config, table, kept);
        });
    }

private:
    Service<services::Store> store_;
};

}  // namespace cairn::chat

CAIRN_PLUGIN(cairn::chat::ChatPlugin, "chat", "0.1.0")
