{
  "variables": {
    # Folder with cjson/cJSON.c, to compile it in (prebuilds); else libcjson.
    # Relative, and inside the checkout: gyp finds no rule for other sources.
    "cjson_src%": "<!(node -p \"const s = process.env.ZPM_CJSON_SRC; s ? require('path').relative('.', s) : ''\")",
    # Where a static Mbed TLS is installed (prebuilds); else the system's.
    "mbedtls_prefix%": "<!(node -p \"process.env.ZPM_MBEDTLS_PREFIX || ''\")",
  },
  "targets": [{
    "target_name": "zpm",
    "sources": [ "<!@(node csrc/addon/sources.cjs)" ],
    "include_dirs": [
      "csrc", "include",
      "<!(node -p \"require('node-addon-api').include_dir\")",
    ],
    "defines": [
      "_GNU_SOURCE",
      "NAPI_VERSION=8",
      "NODE_ADDON_API_CPP_EXCEPTIONS",
      "NODE_ADDON_API_DISABLE_DEPRECATED",
      "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
    ],
    "cflags!": [ "-fno-exceptions", "-O3" ],
    "cflags_cc!": [ "-fno-exceptions", "-fno-rtti" ],
    "cflags": [
      "-Os", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections",
      "-Wall", "-Wextra", "-Wno-unused-parameter",
    ],
    "libraries": [ "-lmbedtls", "-lmbedx509", "-lmbedcrypto" ],
    "cflags_c": [ "-std=c11" ],
    "cflags_cc": [ "-std=c++17" ],
    "conditions": [
      ["cjson_src!=''", {
        "sources": [ "<(cjson_src)/cjson/cJSON.c" ],
        "include_dirs": [ "<(cjson_src)" ],
        "defines": [ "CJSON_HIDE_SYMBOLS" ],
      }, {
        "cflags": [ "<!@(pkg-config --cflags libcjson)" ],
        "libraries": [ "<!@(pkg-config --libs libcjson)" ],
      }],
      ["mbedtls_prefix!=''", {
        "include_dirs": [ "<(mbedtls_prefix)/include" ],
        "libraries": [ "-L<(mbedtls_prefix)/lib" ],
      }],
      ["OS=='linux'", {
        "ldflags": [
          "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL",
          "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack",
        ],
      }],
      ["OS=='mac'", {
        "xcode_settings": {
          "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
          "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
          "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
          "MACOSX_DEPLOYMENT_TARGET": "11.0",
        },
      }],
    ],
  }],
}
