// swift-tools-version: 6.2
import PackageDescription

// Warnings fail the build in CI only, so that a newer compiler never locks a person out.
let strict: [SwiftSetting] =
  Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]
let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)] + strict

let package = Package(
  name: "pxebuild",
  products: [.executable(name: "pxebuild", targets: ["pxebuild"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    // System calls that Swift cannot import: variadic ones (ioctl, prctl) and new ones (renameat2).
    .target(name: "CLinux"),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    // Its pkg-config file wants libntfs-3g and fuse too, which nothing here uses.
    .systemLibrary(name: "CWim", providers: [.apt(["libwim-dev"])]),
    .systemLibrary(
      name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(
      name: "CBlkid", pkgConfig: "blkid", providers: [.apt(["libblkid-dev"])]),
    .target(
      name: "RemoteExecutionAPI",
      dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["remote_execution.proto", "README.md"],
      swiftSettings: settings),
    .target(
      name: "BuildEngine",
      dependencies: [
        "CLinux", "RemoteExecutionAPI",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    // iPXE menus as values, and their scripts.
    .target(name: "Menus", swiftSettings: settings),
    .target(
      name: "Recipes",
      dependencies: [
        "BuildEngine", "Menus", "WindowsPE", .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: settings,
      plugins: ["RuleList", "ShippedKnownBugs"]),
    // Puts recipes/known-bugs.yaml into the program.
    .plugin(
      name: "ShippedKnownBugs", capability: .buildTool(), path: "Sources/ShippedKnownBugs"),
    // Writes the list of rules from the files in Sources/Recipes/Rules.
    .plugin(name: "RuleList", capability: .buildTool(), path: "Sources/RuleList"),
    .target(
      name: "Downloads",
      dependencies: [
        "BuildEngine", "CCurl", "CLinux",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .target(
      name: "Archives",
      dependencies: [
        "BuildEngine", "CArchive", "CLinux",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    // What Windows PE is made of, as values and texts: media, startnet.cmd, the headers of its files.
    .target(name: "WindowsPE", swiftSettings: settings),
    // WIMs, over wimlib.
    .target(
      name: "WindowsImages", dependencies: ["CLinux", "CWim"], swiftSettings: settings),
    // ISO 9660 and UDF.
    .target(name: "DiskImages", swiftSettings: settings),
    .target(
      name: "BuiltIns",
      dependencies: [
        "BuildEngine", "Downloads", "Archives", "CLinux", "DiskImages", "Menus", "WindowsImages",
        "WindowsPE",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .target(
      name: "UpstreamMake", dependencies: ["BuildEngine", "CLinux"], swiftSettings: settings,
      plugins: ["ShippedLinkSets"]),
    // Puts the link sets of recipes/link-sets into the program.
    .plugin(
      name: "ShippedLinkSets", capability: .buildTool(), path: "Sources/ShippedLinkSets"),
    // Machines in QEMU on a network of their own, and what is seen of them on its cable.
    .target(
      name: "BootLab",
      dependencies: [
        "BuildEngine", "CLinux", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    // What is on this machine's disks, whether one may be written, and the writing.
    .target(
      name: "DiskWriter",
      dependencies: [
        "BuildEngine", "CBlkid", "CLinux", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "pxebuild",
      dependencies: [
        "Archives", "BootLab", "BuildEngine", "BuiltIns", "CLinux", "DiskImages", "DiskWriter",
        "Downloads",
        "Recipes",
        "UpstreamMake",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "BuildEngineTests",
      dependencies: [
        "BuildEngine", "CLinux", "RemoteExecutionAPI",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "WindowsImagesTests", dependencies: ["WindowsImages"], swiftSettings: settings),
    .testTarget(name: "WindowsPETests", dependencies: ["WindowsPE"], swiftSettings: settings),
    .testTarget(name: "MenusTests", dependencies: ["Menus"], swiftSettings: settings),
    .testTarget(
      name: "RecipesTests",
      dependencies: [
        "Menus", "Recipes", .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Fixtures"],
      swiftSettings: settings),
    .testTarget(
      name: "BuiltInsTests",
      dependencies: [
        "Archives", "BuiltIns", "Downloads", "Menus",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Fixtures"],
      swiftSettings: settings),
    .testTarget(
      name: "DiskImagesTests",
      dependencies: ["DiskImages", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: settings),
    .testTarget(
      name: "PxebuildTests",
      dependencies: [
        "pxebuild", "BootLab", "Recipes", .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: settings),
    // Drives the real binary, which is a dependency so that it is built before.
    .testTarget(
      name: "EndToEndTests", dependencies: ["BootLab", "CLinux", "pxebuild"],
      exclude: ["StandIns"], swiftSettings: settings),
    .testTarget(
      name: "BootLabTests",
      dependencies: [
        "BootLab", .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "DiskWriterTests",
      dependencies: [
        "BuildEngine", "DiskWriter", .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "UpstreamMakeTests", dependencies: ["UpstreamMake"],
      swiftSettings: settings),
  ]
)
