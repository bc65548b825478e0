#include "sdk/check/exported_symbols.hpp"

#include <cxxabi.h>
#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace cairn::check {
namespace {

/// Reads objects out of a file's bytes; what lies outside of them is damage.
class Bytes {
public:
    explicit Bytes(const std::string& path) : path_(path) {
        std::ifstream in(path, std::ios::binary);
        if (!in) throw std::runtime_error("the file " + path + " cannot be read");
        bytes_.assign(std::istreambuf_iterator<char>(in), {});
    }
    template <class T>
    T at(std::uint64_t offset) const {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) damaged();
        T object;
        std::memcpy(&object, bytes_.data() + offset, sizeof object);
        return object;
    }
    std::string text(std::uint64_t begin, std::uint64_t size, std::uint64_t offset) const {
        if (begin > bytes_.size() || bytes_.size() - begin < size || offset >= size) damaged();
        const char* from = bytes_.data() + begin + offset;
        const void* end = std::memchr(from, 0, size - offset);
        if (end == nullptr) damaged();
        return from;
    }
    [[noreturn]] void damaged() const {
        throw std::runtime_error("the file " + path_ + " is damaged: its table of dynamic symbols lies outside of it");
    }

private:
    const std::string path_;
    std::string bytes_;
};

}  // namespace

std::vector<std::string> exported_symbols(const std::string& path) {
    const Bytes file(path);
    const auto header = file.at<Elf64_Ehdr>(0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
        throw std::runtime_error("the file " + path + " is no ELF file of 64 bits");
    const auto section = [&](std::uint64_t index) {
        return file.at<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
    };
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
        const Elf64_Shdr symbols = section(i);
        if (symbols.sh_type != SHT_DYNSYM) continue;
        if (symbols.sh_link >= header.e_shnum) file.damaged();
        const Elf64_Shdr texts = section(symbols.sh_link);
        for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols.sh_size; at += sizeof(Elf64_Sym)) {
            const auto symbol = file.at<Elf64_Sym>(symbols.sh_offset + at);
            const unsigned binding = ELF64_ST_BIND(symbol.st_info);
            const unsigned visibility = ELF64_ST_VISIBILITY(symbol.st_other);
            if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
            if (visibility == STV_HIDDEN || visibility == STV_INTERNAL) continue;
            names.push_back(file.text(texts.sh_offset, texts.sh_size, symbol.st_name));
        }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::string readable(const std::string& symbol) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> text(
        __cxxabiv1::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
    return status == 0 && text ? std::string(text.get()) : symbol;
}

}  // namespace cairn::check
