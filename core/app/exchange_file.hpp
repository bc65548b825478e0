#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/plugin.hpp>

namespace cairn::core {

/// The section that knows spaces: its one entry stands by itself as the member "space", its query takes the space's
/// name, and the id it gives is what the queries and entries of all other sections take for the space.
inline constexpr std::string_view kSpaceSection = "space";

/// How sections are written: as pairs [id, entry] and "messages" (P300), or as maps and "chatHistory" (S2).
enum class ExchangeShape : unsigned char { entries, objects };

/// Writes a file of the exchange piece by piece, to `<path>.part`, renamed once all of it is on disk. All calls one
/// thread.
class ExchangeWriter {
public:
    /// Throws std::runtime_error that names the file, as all calls do. `path` "-": standard output.
    ExchangeWriter(std::string path, ExchangeShape shape);
    ~ExchangeWriter();  ///< what was not finished is removed
    ExchangeWriter(const ExchangeWriter&) = delete;
    ExchangeWriter& operator=(const ExchangeWriter&) = delete;

    void member(std::string_view name, const Document& value);
    void begin(const ExchangeSection& section);
    void entry(const std::string& id, const Document& entry);
    void end();
    void finish();

private:
    void put(std::string_view text);
    void flush();
    [[noreturn]] void fail(const std::string& what) const;

    const std::string path_;
    const ExchangeShape shape_;
    std::string part_;
    int descriptor_ = -1;
    std::string buffer_;
    bool first_member_ = true;
    bool first_entry_ = true;
    const ExchangeSection* section_ = nullptr;
    bool finished_ = false;
};

/// A file of the exchange, read as a whole and taken apart entry by entry. Both shapes, and for each section whichever
/// of the two it has.
class ExchangeFile {
public:
    /// Throws Error that begins with the file's name: it cannot be read, is larger than `most` bytes, is no JSON, has a
    /// member that no section reads (with did-you-mean), or two for one section.
    ExchangeFile(const std::string& path, const std::vector<ExchangeSection>& sections, std::size_t most);

    bool has(const ExchangeSection& section) const;
    /// The entry of kSpaceSection; null when there is none.
    Document space() const;
    /// Calls `entry` for each of the section. What it throws comes out as Error(invalid_field) that says which one and
    /// which member of it: `world.json: objects[12].position.x: must be a number`.
    std::size_t each(const ExchangeSection& section,
                     const std::function<void(const std::string& id, const Document& entry)>& entry) const;

private:
    struct Member {
        const ExchangeSection* section;  ///< nullptr: the time, the space
        std::string name;
        std::string_view value;
    };
    const Member* find(const ExchangeSection& section) const;
    Document parse(std::string_view value, const std::string& where) const;

    const std::string name_;
    std::string text_;
    std::vector<Member> members_;
    std::string_view space_;
};

}  // namespace cairn::core
