#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "core/config/configuration.hpp"

namespace cairn::core {

/// One text read with a made-up environment.
struct Reading {
    ProblemReport report;
    std::unique_ptr<Configuration> configuration;

    explicit Reading(std::string_view text, std::vector<std::string> overrides = {}) {
        ConfigInputs inputs = with_environment();
        inputs.overrides = std::move(overrides);
        configuration = Configuration::read_text("file.yaml", text, inputs, report);
    }

    static ConfigInputs with_environment() {
        ConfigInputs inputs;
        inputs.environment = [](const std::string& name) -> std::optional<std::string> {
            static const std::map<std::string, std::string> kVariables{
                {"PORT", "8080"},   {"NAME", "main hall"}, {"EMPTY", ""},  {"SWITCH", "true"}, {"DIGITS", "007"},
                {"TRICK", "a: [b"}, {"SECRET", "hunter2"}, {"WAIT", "5s"}, {"BROKEN", "\xff"}};
            const auto found = kVariables.find(name);
            return found == kVariables.end() ? std::nullopt : std::optional<std::string>(found->second);
        };
        return inputs;
    }

    const Document& root() const { return configuration->root(); }
    std::string json() const { return root().to_json(); }
    /// "line:column path: message" of each problem in the order of their places.
    std::vector<std::string> problems() const {
        std::vector<std::string> all;
        for (const Document& problem : report.to_document().items()) {
            std::string line = std::to_string(problem["line"].integer_or(0)) + ':' +
                               std::to_string(problem["column"].integer_or(0)) + ' ';
            if (!problem["path"].text().empty()) line += std::string(problem["path"].text()) + ": ";
            all.push_back(line + std::string(problem["message"].text()));
        }
        return all;
    }
    std::string printed(bool colour = false) const {
        std::ostringstream out;
        report.print(out, colour);
        return out.str();
    }
};

/// A folder that goes away with the test.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "cairn-config-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string write(const std::string& name, std::string_view content, unsigned mode = 0600) const {
        const std::filesystem::path file = path_ / name;
        std::ofstream(file, std::ios::binary) << content;
        std::filesystem::permissions(file, static_cast<std::filesystem::perms>(mode));
        return file.string();
    }
    std::string at(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

}  // namespace cairn::core
