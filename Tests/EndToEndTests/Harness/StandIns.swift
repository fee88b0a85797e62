import Foundation

/// Programs that a machine starts in place of Windows' own, compiled by the Swift toolchain's clang.
struct StandIns {
  /// What UEFI starts.
  let efi: Data
  /// What wimboot starts on a BIOS machine.
  let bios: Data

  /// Nil, with a line that says so, without clang and lld-link.
  init?(in site: Site) async throws {
    guard let clang = Self.find("clang"), let linker = Self.find("lld-link") else {
      print("SKIPPED: a stand-in for Windows' boot program needs clang and lld-link of Swift")
      return nil
    }
    let sources = (#filePath as NSString).deletingLastPathComponent + "/../StandIns"
    func compile(_ name: String, _ options: [String], _ link: [String]) async throws -> Data {
      let object = "\(site.scratch)/\(name).o"
      let program = "\(site.scratch)/\(name).exe"
      for arguments in [
        [
          clang, "-ffreestanding", "-O2", "-fno-stack-protector", "-c", "\(sources)/\(name).c",
          "-o", object,
        ]
          + options,
        [linker, "/nologo", "/nodefaultlib", "/out:\(program)", object] + link,
      ] {
        let run = try await Running(
          arguments, environment: ["PATH": "/usr/bin:/bin"], folder: site.folder,
          scratch: site.scratch
        ).wait()
        guard run.status == 0 else {
          throw Running.CannotStart(program: arguments[0], reason: run.output + run.errors)
        }
      }
      return try Data(contentsOf: URL(fileURLWithPath: program))
    }
    efi = try await compile(
      "efi", ["--target=x86_64-unknown-windows", "-fshort-wchar", "-mno-red-zone"],
      ["/subsystem:efi_application", "/entry:efi_main"])
    bios = try await compile(
      "bios", ["--target=i686-unknown-windows", "-mno-sse"],
      ["/subsystem:native", "/machine:x86", "/entry:start", "/base:0x400000"])
  }

  private static func find(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return (path.split(separator: ":").map(String.init) + ["/opt/swift/usr/bin"])
      .map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// The boot sector of a CD that prints a line on the serial port: `etfsboot.com`.
  static var bootSector: Data {
    // cli; xor ax,ax; mov ds,ax; mov si,7c16; next: lodsb; or al,al; jz stop; mov dx,3f8; out dx,al; jmp next;
    // stop: hlt; jmp stop
    let code: [UInt8] = [
      0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x16, 0x7c, 0xac, 0x08, 0xc0, 0x74, 0x06, 0xba, 0xf8,
      0x03, 0xee,
      0xeb, 0xf5, 0xf4, 0xeb, 0xfd,
    ]
    let text = Data("\r\nBOOT SECTOR RUNS\r\n\0".utf8)
    return Data(code) + text + Data(count: 4096 - code.count - text.count)
  }

  /// What the stand-ins print of a file: its size and its FNV-1a.
  static func sum(of data: Data) -> String {
    var sum: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in data { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
    func hexadecimal(_ number: UInt64) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    return "BOOT.WIM \(hexadecimal(UInt64(data.count))) \(hexadecimal(sum))"
  }
}
