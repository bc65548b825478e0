#include "plugins/storage_postgres/database_url.hpp"

#include <algorithm>
#include <charconv>

namespace cairn::storage_postgres {
namespace {

constexpr std::string_view kForm = "write postgres://user:password@host:port/database";
constexpr std::string_view kEscapes = "; in a password @ is written %40, : %3A, / %2F, ? %3F, # %23, % %25";

[[noreturn]] void refuse(const std::string& wrong) {
    throw Error(Code::invalid_field, wrong);
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string decoded(std::string_view text, std::string_view part) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            refuse("the " + std::string(part) + " holds a % that two hexadecimal digits do not follow" +
                   std::string(kEscapes));
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (std::any_of(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
        refuse("the " + std::string(part) + " holds a control character");
    }
    return out;
}

int port_of(std::string_view text) {
    int port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535) {
        refuse("the port is no number from 1 to 65535: " + std::string(kForm) + std::string(kEscapes));
    }
    return port;
}

void take_place(std::string_view place, DatabaseUrl& url) {
    if (place.starts_with('[')) {  // an IPv6 address
        const std::size_t end = place.find(']');
        if (end == std::string_view::npos) refuse("the address of the host begins with [ and has no ]");
        url.host = std::string(place.substr(1, end - 1));
        place.remove_prefix(end + 1);
        if (place.empty()) return;
        if (place.front() != ':') refuse("after the ] of the host's address only :port may come");
        url.port = port_of(place.substr(1));
        return;
    }
    const std::size_t colon = place.find(':');
    url.host = decoded(place.substr(0, colon), "host");
    if (colon != std::string_view::npos) url.port = port_of(place.substr(colon + 1));
    if (url.host.find(',') != std::string::npos) {
        refuse("several hosts in one URL are not supported: name the one that takes writes, and a replica in replica_url");
    }
}

void take_parameter(std::string_view pair, DatabaseUrl& url) {
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    const std::string value =
        equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1), "value of a parameter");
    if (name == "host") {
        url.host = value;
    } else if (name == "port") {
        url.port = port_of(value);
    } else if (name == "sslmode") {
        for (const char* mode : {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}) {
            if (value == mode) url.tls["sslmode"] = value;
        }
        if (url.tls.count("sslmode") == 0) {
            refuse("sslmode is none of disable, allow, prefer, require, verify-ca, verify-full");
        }
    } else if (name == "sslrootcert" || name == "sslcert" || name == "sslkey" || name == "sslcrl") {
        url.tls[std::string(name)] = value;
    } else {
        refuse("there is a parameter after the ? that is none of host, port, sslmode, sslrootcert, sslcert, sslkey, "
               "sslcrl" +
               std::string(kEscapes));
    }
}

}  // namespace

bool DatabaseUrl::is_local() const noexcept {
    return is_socket() || host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

std::string DatabaseUrl::words() const {
    return "database " + database + " at " + host + (is_socket() ? ", port " : ":") + std::to_string(port);
}

DatabaseUrl parse_url(std::string_view text) {
    DatabaseUrl url;
    if (text.starts_with("postgres://")) text.remove_prefix(11);
    else if (text.starts_with("postgresql://")) text.remove_prefix(13);
    else refuse("does not begin with postgres:// or postgresql://: " + std::string(kForm));
    if (text.find('#') != std::string_view::npos) refuse("holds a #" + std::string(kEscapes));

    std::string_view parameters;
    if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
        parameters = text.substr(mark + 1);
        text = text.substr(0, mark);
    }
    const std::size_t slash = text.find('/');
    std::string_view place = text.substr(0, slash);
    if (slash != std::string_view::npos) url.database = decoded(text.substr(slash + 1), "database");
    if (url.database.find('/') != std::string::npos) {
        refuse("the name of the database holds a /: " + std::string(kForm) + std::string(kEscapes));
    }
    if (const std::size_t at = place.rfind('@'); at != std::string_view::npos) {
        const std::string_view who = place.substr(0, at);
        place.remove_prefix(at + 1);
        if (who.find('@') != std::string_view::npos) refuse("there are two @ before the host" + std::string(kEscapes));
        const std::size_t colon = who.find(':');
        url.user = decoded(who.substr(0, colon), "user");
        if (colon != std::string_view::npos) url.password = decoded(who.substr(colon + 1), "password");
    }
    take_place(place, url);
    while (!parameters.empty()) {
        const std::size_t end = parameters.find('&');
        take_parameter(parameters.substr(0, end), url);
        parameters.remove_prefix(end == std::string_view::npos ? parameters.size() : end + 1);
    }
    if (url.host.empty()) url.host = "/var/run/postgresql";
    if (url.user.empty()) url.user = url.database;
    if (url.database.empty()) url.database = url.user;
    if (url.database.empty()) refuse("names no database: " + std::string(kForm));
    return url;
}

std::string connection_string(const std::map<std::string, std::string>& parameters) {
    std::string out;
    for (const auto& [key, value] : parameters) {
        if (!out.empty()) out += ' ';
        out += key + "='";
        for (const char c : value) {
            if (c == '\'' || c == '\\') out += '\\';
            out += c;
        }
        out += '\'';
    }
    return out;
}

bool is_plain_name(std::string_view name) noexcept {
    return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

}  // namespace cairn::storage_postgres
