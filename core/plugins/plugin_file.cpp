#include "core/plugins/plugin_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace cairn::core {
namespace {

constexpr std::uint64_t kMaxTable = 8u << 20;  // section headers, names: far above what linkers write

class FileReader {
public:
    explicit FileReader(const std::string& path) : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (fd_ < 0) {
            throw PluginRefused("plugin file " + path + " cannot be opened: " + std::strerror(errno),
                                errno == EACCES ? "Let the user that runs cairn read it." : "Check the path.");
        }
        struct stat info {};
        if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
            ::close(fd_);
            throw PluginRefused("plugin file " + path + " is not a regular file", "Name a shared object (.so).");
        }
        size_ = static_cast<std::uint64_t>(info.st_size);
    }
    ~FileReader() { ::close(fd_); }
    FileReader(const FileReader&) = delete;
    FileReader& operator=(const FileReader&) = delete;

    std::uint64_t size() const noexcept { return size_; }

    /// Reads exactly `count` bytes at `offset`; `what` is named when the file does not hold them.
    void read(std::uint64_t offset, void* to, std::uint64_t count, const char* what) const {
        if (offset > size_ || count > size_ - offset) damaged(what);
        auto* at = static_cast<char*>(to);
        while (count > 0) {
            const ssize_t got = ::pread(fd_, at, count, static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) damaged(what);
            at += got;
            offset += static_cast<std::uint64_t>(got);
            count -= static_cast<std::uint64_t>(got);
        }
    }

    std::string read_text(std::uint64_t offset, std::uint64_t count, const char* what) const {
        if (count > kMaxTable) damaged(what);
        std::string text(count, '\0');
        read(offset, text.data(), count, what);
        return text;
    }

    [[noreturn]] void damaged(const char* what) const {
        throw PluginRefused("plugin file " + path_ + " is damaged: its " + what + " lies outside of the file (" +
                                std::to_string(size_) + " bytes)",
                            "The file was cut short or overwritten: build or install the plugin again.");
    }

private:
    const std::string& path_;
    int fd_;
    std::uint64_t size_ = 0;
};

Elf64_Ehdr read_header(const FileReader& file, const std::string& path) {
    Elf64_Ehdr header{};
    if (file.size() < sizeof header) {
        unsigned char magic[SELFMAG] = {};
        if (file.size() >= SELFMAG) file.read(0, magic, SELFMAG, "magic");
        if (std::memcmp(magic, ELFMAG, SELFMAG) == 0) file.damaged("ELF header");
        throw PluginRefused("plugin file " + path + " is not a shared object: it is too short to hold an ELF header",
                            "Name a shared object (.so) that was built with the Cairn SDK.");
    }
    file.read(0, &header, sizeof header, "ELF header");
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        throw PluginRefused("plugin file " + path + " is not a shared object: it does not begin with the ELF magic",
                            "Name a shared object (.so) that was built with the Cairn SDK.");
    }
#if defined(__x86_64__)
    constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
    constexpr Elf64_Half kMachine = EM_AARCH64;
#elif defined(__riscv)
    constexpr Elf64_Half kMachine = EM_RISCV;
#else
    constexpr Elf64_Half kMachine = EM_NONE;
#endif
    constexpr unsigned char kOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != kOrder ||
        (kMachine != EM_NONE && header.e_machine != kMachine)) {
        throw PluginRefused(
            "plugin file " + path + " was built for another kind of machine (ELF class " +
                std::to_string(header.e_ident[EI_CLASS]) + ", byte order " + std::to_string(header.e_ident[EI_DATA]) +
                ", machine " + std::to_string(header.e_machine) + "; this host is class " + std::to_string(ELFCLASS64) +
                ", byte order " + std::to_string(kOrder) + ", machine " + std::to_string(kMachine) + ")",
            "Build the plugin on, or for, the machine that runs this host.");
    }
    if (header.e_type != ET_DYN) {
        throw PluginRefused("plugin file " + path + " is an ELF file but not a shared object (type " +
                                std::to_string(header.e_type) + ")",
                            "Link it with -shared.");
    }
    return header;
}

std::vector<Elf64_Shdr> read_sections(const FileReader& file, const Elf64_Ehdr& header) {
    if (header.e_shoff == 0 || header.e_shnum == 0) return {};
    if (header.e_shentsize != sizeof(Elf64_Shdr)) file.damaged("table of sections");
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    file.read(header.e_shoff, sections.data(), sections.size() * sizeof(Elf64_Shdr), "table of sections");
    return sections;
}

/// The text at `offset` of a string table; empty when the offset or the end lies outside.
std::string_view text_at(std::string_view table, std::uint64_t offset) {
    if (offset >= table.size()) return {};
    const std::string_view rest = table.substr(offset);
    const std::size_t end = rest.find('\0');
    return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

std::vector<std::string> read_needed(const FileReader& file, const std::vector<Elf64_Shdr>& sections) {
    std::vector<std::string> needed;
    for (const Elf64_Shdr& section : sections) {
        if (section.sh_type != SHT_DYNAMIC || section.sh_link >= sections.size()) continue;
        const Elf64_Shdr& names = sections[section.sh_link];
        if (section.sh_size > kMaxTable) file.damaged("dynamic section");
        std::vector<Elf64_Dyn> entries(section.sh_size / sizeof(Elf64_Dyn));
        file.read(section.sh_offset, entries.data(), entries.size() * sizeof(Elf64_Dyn), "dynamic section");
        const std::string table = file.read_text(names.sh_offset, names.sh_size, "table of dynamic names");
        for (const Elf64_Dyn& entry : entries) {
            if (entry.d_tag == DT_NULL) break;
            if (entry.d_tag != DT_NEEDED) continue;
            const std::string_view name = text_at(table, entry.d_un.d_val);
            if (!name.empty()) needed.emplace_back(name);
        }
    }
    return needed;
}

}  // namespace

PluginFile read_plugin_file(const std::string& path) {
    PluginFile result;
    result.path = path;
    const FileReader file(path);
    const Elf64_Ehdr header = read_header(file, path);
    const std::vector<Elf64_Shdr> sections = read_sections(file, header);
    if (header.e_shstrndx >= sections.size()) {
        if (sections.empty()) {
            throw PluginRefused("plugin file " + path + " has no table of sections, so its descriptor cannot be read",
                                "Do not remove the section headers (`strip` keeps them, `sstrip` does not).");
        }
        file.damaged("table of section names");
    }
    const Elf64_Shdr& names_header = sections[header.e_shstrndx];
    const std::string names = file.read_text(names_header.sh_offset, names_header.sh_size, "table of section names");

    const auto found = std::find_if(sections.begin(), sections.end(), [&](const Elf64_Shdr& section) {
        return text_at(names, section.sh_name) == CAIRN_DESCRIPTOR_SECTION;
    });
    if (found == sections.end()) {
        throw PluginRefused("file " + path + " is a shared object but not a Cairn plugin: it has no section " +
                                CAIRN_DESCRIPTOR_SECTION,
                            "Write CAIRN_PLUGIN(Class, \"name\", \"1.0.0\") once in one of its source files.");
    }
    // Magic, size and the two ABI numbers keep their places for ever; the rest is read only when these agree.
    constexpr std::size_t kPrefix = offsetof(abi::Descriptor, cplusplus);
    if (found->sh_type == SHT_NOBITS || found->sh_size < kPrefix) {
        throw PluginRefused("plugin file " + path + " has a descriptor of " + std::to_string(found->sh_size) +
                                " bytes; at least " + std::to_string(kPrefix) + " are needed",
                            "Let CAIRN_PLUGIN write the descriptor and build the plugin again.");
    }
    const std::size_t available = std::min<std::size_t>(found->sh_size, sizeof(abi::Descriptor));
    file.read(found->sh_offset, &result.descriptor, available, "plugin descriptor");
    abi::Descriptor& descriptor = result.descriptor;
    if (std::memcmp(descriptor.magic, abi::kMagic, sizeof abi::kMagic) != 0) {
        throw PluginRefused("plugin file " + path + " has a section " + CAIRN_DESCRIPTOR_SECTION +
                                " that does not begin with the magic of a descriptor",
                            "Let CAIRN_PLUGIN write the descriptor and build the plugin again.");
    }
    const bool same_abi = descriptor.abi_major == CAIRN_ABI_MAJOR && descriptor.abi_minor <= CAIRN_ABI_MINOR;
    if (same_abi && (descriptor.size != sizeof(abi::Descriptor) || found->sh_size < sizeof(abi::Descriptor))) {
        throw PluginRefused("plugin file " + path + " has a descriptor that says it has " +
                                std::to_string(descriptor.size) + " bytes in a section of " +
                                std::to_string(found->sh_size) + "; with ABI " + std::to_string(descriptor.abi_major) +
                                "." + std::to_string(descriptor.abi_minor) + " it has " +
                                std::to_string(sizeof(abi::Descriptor)),
                            "Build the plugin again with the SDK of this host.");
    }
    // Whoever wrote the file may have left out the zero at the end.
    descriptor.name[sizeof descriptor.name - 1] = '\0';
    descriptor.version[sizeof descriptor.version - 1] = '\0';
    descriptor.compiler[sizeof descriptor.compiler - 1] = '\0';
    result.needed = read_needed(file, sections);
    return result;
}

}  // namespace cairn::core
