/// A machine in QEMU, as QEMU's arguments say it.
public struct Machine: Sendable, Equatable {
  /// What runs the machine's instructions.
  public enum Accelerator: String, Sendable {
    /// The processor itself.
    case kvm
    /// A translator, some ten times slower; works anywhere.
    case tcg
  }

  public var firmware: Firmware
  public var method: BootMethod
  public var accelerator: Accelerator
  /// A folder of the machine's own: its console's text and its copy of the firmware's variables.
  public var folder: String
  /// The image of its stick, for `usb`. It is not written to.
  public var stick: String?

  public init(
    firmware: Firmware, method: BootMethod, accelerator: Accelerator, folder: String,
    stick: String? = nil
  ) {
    self.firmware = firmware
    self.method = method
    self.accelerator = accelerator
    self.folder = folder
    self.stick = stick
  }

  /// Everything that it prints, as bytes for a terminal.
  public var console: String { "\(folder)/console" }
  /// Its copy of the firmware's variables.
  public var variables: String { "\(folder)/variables" }

  /// The UDP ports of the loopback that its network cable has as its ends: `lab` and `machine`.
  public static let cable = (lab: 5001, machine: 5002)

  /// QEMU's arguments, without the program.
  public var arguments: [String] {
    var words = ["-accel", accelerator.rawValue] + board
    words += ["-no-user-config", "-nodefaults", "-vga", "none", "-display", "none", "-no-reboot"]
    words += ["-serial", "file:\(Self.value(console))"]
    words += [
      "-netdev",
      "socket,id=net,udp=127.0.0.1:\(Self.cable.lab),localaddr=127.0.0.1:\(Self.cable.machine)",
      "-device", card,
    ]
    if method == .http {
      // edk2 boots over HTTP with a source of random numbers only; and PXE would come before.
      words += ["-device", "virtio-rng-pci"]
      for version in ["IPv4", "IPv6"] {
        words += ["-fw_cfg", "name=opt/org.tianocore/\(version)PXESupport,string=n"]
      }
    }
    if let stick {
      words += [
        "-drive", "if=none,id=stick,format=raw,snapshot=on,file=\(Self.value(stick))",
        "-device", "qemu-xhci", "-device", "usb-storage,drive=stick,bootindex=0",
      ]
    }
    return words
  }

  private var board: [String] {
    guard let images = FirmwareImages(firmware) else {
      // Without graphics SeaBIOS and iPXE print to the serial console.
      return ["-machine", "pc,graphics=off", "-m", "256"] + (stick == nil ? ["-boot", "n"] : [])
    }
    let type =
      firmware == .uefiIA32
      ? [
        "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on", "-global",
        "ICH9-LPC.disable_s3=1",
      ] : ["q35"]
    return ["-machine"] + type + [
      "-m", "512", "-drive",
      "if=pflash,unit=0,format=raw,readonly=on,file=\(Self.value(images.code))", "-drive",
      "if=pflash,unit=1,format=raw,file=\(Self.value(variables))",
    ]
  }

  /// A BIOS needs the program in the card's ROM, which QEMU brings; edk2 has its own, and an iPXE in the ROM
  /// would be what boots.
  private var card: String {
    let address = "mac=52:54:00:12:34:56"
    if firmware == .bios {
      return "e1000,netdev=net,\(address)" + (stick == nil ? "" : ",romfile=")
    }
    return "virtio-net-pci,netdev=net,\(address),romfile="
  }

  /// A value in a list of QEMU's options: a comma is written twice.
  private static func value(_ text: String) -> String { text.replacing(",", with: ",,") }
}
