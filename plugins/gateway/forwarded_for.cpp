#include <plugins/gateway/forwarded_for.hpp>

#include <string_view>

namespace cairn::gateway {

std::optional<IpAddress> forwarded_for(const RequestHead& head, const NetworkSet& trusted) {
    std::optional<IpAddress> farthest;
    for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
        if (field->first != "x-forwarded-for") continue;
        std::string_view rest = field->second;
        while (!rest.empty()) {
            const std::size_t comma = rest.rfind(',');
            const std::string_view one = trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
            const auto address = IpAddress::parse(one);
            if (!address) return farthest;
            farthest = address;
            if (!trusted.contains(*address)) return farthest;
        }
    }
    return farthest;
}

}  // namespace cairn::gateway
