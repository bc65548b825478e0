#include <cairn/json.hpp>
#include <cairn/storage.hpp>

#include "json_members.hpp"

namespace cairn {

Commit& Commit::by(std::string actor) {
    actor_ = std::move(actor);
    return *this;
}

Commit& Commit::operation(std::string op_id) {
    operation_ = std::move(op_id);
    return *this;
}

Commit& Commit::answer(std::string json) {
    answer_ = std::move(json);
    return *this;
}

void write_key_json(std::string& out, const TableSpec& table, const void* row) {
    out += '{';
    bool first = true;
    for (const std::string& column : table.key) {
        const Field* field = table.row->find(column);
        if (field == nullptr) {
            throw Error(Code::internal, "table " + table.name + " has the key column " + column +
                                            ", but its row describes no member of that name");
        }
        if (!first) out += ',';
        first = false;
        write_json_text(out, column);
        out += ':';
        detail::write_member(out, *field, *field->type, static_cast<const char*>(row) + field->offset);
    }
    out += '}';
}

}  // namespace cairn
