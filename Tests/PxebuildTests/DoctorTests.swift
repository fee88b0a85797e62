import BuildEngine
import SystemPackage
import Testing

@testable import pxebuild

@Suite("The doctor")
struct DoctorTests {
  private func report(_ states: [(String, DoctorReport.State)], isRoot: Bool = false)
    -> DoctorReport
  {
    DoctorReport(
      findings: states.map { .init(requirement: Requirement($0.0), state: $0.1) }, isRoot: isRoot)
  }

  @Test("what is there, what is missing, and the one command that brings it")
  func mixed() {
    let report = report([
      ("gcc", .found("/usr/bin/gcc")), ("mcopy", .missing), ("mformat", .missing),
      ("aarch64-linux-gnu-gcc", .missing), ("frobnicate", .missing), ("lzma.h", .missing),
      ("bwrap", .unusable("bwrap: No permissions to create new namespace")),
    ])
    #expect(
      report.lines(.plain).joined(separator: "\n") == """
          found     gcc                    /usr/bin/gcc
          missing   mcopy                  package mtools
          missing   mformat                package mtools
          missing   aarch64-linux-gnu-gcc  package gcc-aarch64-linux-gnu
          missing   frobnicate             no Debian package is known for it
          missing   lzma.h                 package liblzma-dev
          unusable  bwrap                  bwrap: No permissions to create new namespace
        Builds run without a sandbox here, and give the same bytes.
        5 of 7 things that these recipes need are missing.
        This brings it: (Debian, Ubuntu)
          sudo apt-get install --no-install-recommends gcc-aarch64-linux-gnu liblzma-dev mtools
        """)
    #expect(!report.isHealthy)
    #expect(report.lines(.colored).map(\.withoutPaint) == report.lines(.plain))
  }

  @Test("a machine that has all says so, and a missing sandbox alone is no failure")
  func healthy() {
    #expect(
      report([("git", .found("/usr/bin/git"))]).lines(.plain) == [
        "  found     git  /usr/bin/git", "Everything that these recipes need is here.",
      ])
    let bare = report([("bwrap", .missing)], isRoot: true)
    #expect(bare.isHealthy)
    #expect(
      bare.lines(.plain).joined(separator: "\n") == """
          missing   bwrap  package bubblewrap
        Builds run without a sandbox here, and give the same bytes.
        Everything that these recipes need is here.
        This brings what is useful beside: (Debian, Ubuntu)
          apt-get install --no-install-recommends bubblewrap
        """)
  }

  @Test("a server that a config is for may be missing on a machine that only builds")
  func servers() async throws {
    try await withTemporaryFolder { folder in
      try write("", to: folder.appending("nginx"), executable: true)
      let found = await Doctor(searchPath: [folder.string])
        .examine(["nginx"], servers: ["nginx", "dhcpd", "in.tftpd"])
      let report = DoctorReport(
        findings: found.findings.filter { $0.requirement.kind != .sandbox }, isRoot: true)
      #expect(
        report.lines(.plain).joined(separator: "\n") == """
            found     nginx     \(folder)/nginx
            missing   dhcpd     package isc-dhcp-server
            missing   in.tftpd  package tftpd-hpa
          2 programs of servers are missing; only the machine that serves needs them.
          Everything that these recipes need is here.
          This brings what is useful beside: (Debian, Ubuntu)
            apt-get install --no-install-recommends isc-dhcp-server tftpd-hpa
          """)
      #expect(report.isHealthy)
    }
  }

  @Test("the same as JSON")
  func json() {
    #expect(
      report([
        ("gcc", .found("/usr/bin/gcc")), ("lzma.h", .missing), ("bwrap", .unusable("forbidden")),
      ]).json.text == """
        {"healthy":false,"install":["sudo","apt-get","install","--no-install-recommends",\
        "liblzma-dev"],"findings":[{"name":"gcc","kind":"program","state":"found",\
        "path":"/usr/bin/gcc","package":"gcc","optional":false},{"name":"lzma.h","kind":"header",\
        "state":"missing","package":"liblzma-dev","optional":false},{"name":"bwrap",\
        "kind":"sandbox","state":"unusable","reason":"forbidden","package":"bubblewrap",\
        "optional":true}]}
        """)
  }

  @Test(
    "every thing has its Debian package",
    arguments: [
      ("gcc", "gcc"), ("cc1", "gcc"), ("gcc-12", "gcc-12"), ("as", "binutils"), ("mmd", "mtools"),
      ("awk", "mawk"), ("cksum", "coreutils"), ("sh", "dash"), ("lzma.h", "liblzma-dev"),
      ("liblzma.so", "liblzma-dev"), ("stdio.h", "libc6-dev"),
      ("/usr/lib/ISOLINUX/isolinux.bin", "isolinux"),
      ("/usr/lib/syslinux/modules/bios/ldlinux.c32", "syslinux-common"),
      ("aarch64-linux-gnu-ld", "binutils-aarch64-linux-gnu"),
      ("x86_64-linux-gnu-gcc", "gcc-x86-64-linux-gnu"),
      ("arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf"), ("bwrap", "bubblewrap"),
      ("nginx", "nginx-light"), ("dnsmasq", "dnsmasq-base"), ("apache2", "apache2"),
      ("smbd", "samba"), ("testparm", "samba-common-bin"), ("exportfs", "nfs-kernel-server"),
      ("ganesha.nfsd", "nfs-ganesha"), ("nft", "nftables"), ("in.tftpd", "tftpd-hpa"),
      ("nonsense", nil), ("a-b-nonsense", nil), ("/etc/nonsense", nil),
    ])
  func packages(name: String, expected: String?) {
    #expect(DebianPackages.package(for: name) == expected)
  }

  @Test("a compiler brings its own needs, each once, and the sandbox is always looked at")
  func companions() {
    #expect(
      Requirement.all(for: ["make", "gcc", "make", "/usr/lib/ISOLINUX/isolinux.bin"]).map(\.name)
        == [
          "as", "gcc", "ld", "make", "cc1", "lzma.h", "stdio.h", "liblzma.so",
          "/usr/lib/ISOLINUX/isolinux.bin", "bwrap",
        ])
    #expect(Requirement.all(for: []).map(\.name) == ["bwrap"])
  }

  @Test("this machine's compiler, its cc1 and the C library's headers are found where they are")
  func realCompiler() async throws {
    let report = await Doctor().examine(["gcc"])
    for name in ["gcc", "as", "ld", "cc1", "stdio.h"] {
      let finding = try #require(report.findings.first { $0.requirement.name == name })
      guard case .found(let path) = finding.state else {
        Issue.record("\(name) is \(finding.state)")
        continue
      }
      #expect(path.hasPrefix("/"))
      #expect(path.hasSuffix("/\(name)"))
    }
  }

  @Test("a header that no package brings is missing, even with a compiler that works")
  func missingHeader() async {
    let report = await Doctor().examine(["gcc", "no-such-header.h", "libno-such.so"])
    let states = report.findings.filter { $0.requirement.name.contains("no-such") }.map(\.state)
    #expect(states == [.missing, .missing])
  }

  @Test("a machine with nothing misses everything, and a folder is not a program")
  func nothing() async throws {
    try await withTemporaryFolder { folder in
      try write("", to: folder.appending("make"))  // not executable
      let report = await Doctor(searchPath: [folder.string]).examine(["gcc", "make"])
      #expect(report.findings.allSatisfy { $0.state == .missing })
      #expect(
        report.packages == ["binutils", "bubblewrap", "gcc", "libc6-dev", "liblzma-dev", "make"])
    }
  }

  @Test("a sandbox that is installed and forbidden is unusable, in its own words")
  func forbiddenSandbox() async throws {
    try await withTemporaryFolder { folder in
      try write(
        "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n",
        to: folder.appending("bwrap"), executable: true)
      let report = await Doctor(searchPath: [folder.string]).examine([])
      #expect(
        report.findings.map(\.state) == [.unusable("bwrap: setting up uid map: Permission denied")])
      #expect(report.isHealthy)
    }
  }
}
