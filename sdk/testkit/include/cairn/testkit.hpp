#pragma once

// Everything a plugin's test needs: the real host without sockets, threads and waiting. docs/plugin-guide/testing.md
#include <cairn/testkit/export.hpp>
#include <cairn/testkit/host.hpp>
#include <cairn/testkit/player.hpp>
#include <cairn/testkit/store.hpp>
