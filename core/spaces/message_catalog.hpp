#pragma once

#include <map>
#include <mutex>
#include <string>

#include <cairn/document.hpp>
#include <cairn/fields.hpp>

#include "core/spaces/message_table.hpp"

namespace cairn::core {

/// The JSON Schema of a described struct, as clients write it on the wire. [any]
Document message_schema(const StructType& type);

/// All message types and streams that spaces have opened with: what GET /api/protocol tells. [any], takes a lock.
class MessageCatalog {
public:
    MessageCatalog();
    void add(const MessageSpec& spec);
    void add_stream(const std::string& type, const std::string& plugin, const StructType& row);
    Document describe() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, Document> messages_;
    std::map<std::string, Document> streams_;
};

}  // namespace cairn::core
