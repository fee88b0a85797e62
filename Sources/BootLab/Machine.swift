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
  /// A folder of the machine's own: its console's text and its monitor.
  public var folder: String
  /// What its network cable leads to where the lab has no network of its own.
  public var userNetwork: UserNetwork?
  /// True when somebody sits at its serial console, by the socket `terminal`.
  public var isAttended = false
  /// Where its screen is shown, as QEMU's option -display says it; nowhere when nil.
  public var display: String?
  /// The image of its stick or disc, for `usb` and `iso`. It is not written to.
  public var medium: String?

  public init(
    firmware: Firmware, method: BootMethod, accelerator: Accelerator, folder: String,
    medium: String? = nil
  ) {
    self.firmware = firmware
    self.method = method
    self.accelerator = accelerator
    self.folder = folder
    self.medium = medium
  }

  /// Everything that it prints, as bytes for a terminal.
  public var console: String { "\(folder)/console" }
  /// The socket of its serial console, where somebody sits at it.
  public var terminal: String { "\(folder)/terminal" }
  /// The socket of QEMU's monitor (QMP).
  public var monitor: String { "\(folder)/monitor" }

  /// The UDP ports of the loopback that its network cable has as its ends: `lab` and `machine`.
  public static let cable = (lab: 5001, machine: 5002)

  /// QEMU's arguments, without the program.
  public var arguments: [String] {
    var words = ["-accel", accelerator.rawValue] + board
    words += ["-no-user-config", "-nodefaults", "-display", display ?? "none", "-no-reboot"]
    words += serial
    words += ["-qmp", "unix:\(Self.value(monitor)),server=on,wait=off"]
    words += (userNetwork?.arguments ?? Self.labCable) + ["-device", card]
    if method == .http {
      // edk2 boots over HTTP with a source of random numbers only; and PXE would come before.
      words += ["-device", "virtio-rng-pci"]
      for version in ["IPv4", "IPv6"] {
        words += ["-fw_cfg", "name=opt/org.tianocore/\(version)PXESupport,string=n"]
      }
    }
    return words + (medium.map(drive) ?? [])
  }

  private static let labCable = [
    "-netdev", "socket,id=net,udp=127.0.0.1:\(cable.lab),localaddr=127.0.0.1:\(cable.machine)",
  ]

  private var serial: [String] {
    guard isAttended else { return ["-serial", "file:\(Self.value(console))"] }
    let place = "path=\(Self.value(terminal)),server=on,wait=off"
    return [
      "-chardev", "socket,id=terminal,\(place),logfile=\(Self.value(console))", "-serial",
      "chardev:terminal",
    ]
  }

  /// A stick, or a disc in a drive; the machine looks there first.
  private func drive(_ image: String) -> [String] {
    let file = "file=\(Self.value(image))"
    if method == .iso {
      let controller = firmware == .uefiARM64 ? ["-device", "virtio-scsi-pci"] : []
      let kind = firmware == .uefiARM64 ? "scsi-cd" : "ide-cd"
      return [
        "-drive", "if=none,id=medium,format=raw,media=cdrom,readonly=on,\(file)",
      ] + controller + ["-device", "\(kind),drive=medium,bootindex=0"]
    }
    return [
      "-drive", "if=none,id=medium,format=raw,snapshot=on,\(file)",
      "-device", "qemu-xhci", "-device", "usb-storage,drive=medium,bootindex=0",
    ]
  }

  /// Every machine has a screen, and prints the same to its serial console.
  private var board: [String] {
    guard let images = FirmwareImages(firmware) else {
      // Without graphics SeaBIOS prints to the serial console too, and iPXE through SeaBIOS.
      return ["-machine", "pc,graphics=off", "-vga", "std", "-m", "256"]
        + (medium == nil ? ["-boot", "n"] : [])
    }
    let type =
      switch firmware {
      case .uefiIA32:
        [
          "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on", "-global",
          "ICH9-LPC.disable_s3=1", "-vga", "std",
        ]
      case .uefiARM64: ["virt", "-cpu", "cortex-a57", "-device", "ramfb"]
      case .bios, .uefiX64: ["q35", "-vga", "std"]
      }
    return ["-machine"] + type + [
      "-m", "512", "-drive",
      "if=pflash,unit=0,format=raw,readonly=on,file=\(Self.value(images.code))", "-drive",
      "if=pflash,unit=1,format=raw,snapshot=on,file=\(Self.value(images.variables))",
    ]
  }

  /// A BIOS needs the program in the card's ROM, which QEMU brings; edk2 has its own, and an iPXE in the ROM
  /// would be what boots.
  private var card: String {
    let address = "mac=52:54:00:12:34:56"
    if firmware == .bios {
      return "e1000,netdev=net,\(address)" + (medium == nil ? "" : ",romfile=")
    }
    return "virtio-net-pci,netdev=net,\(address),romfile="
  }

  /// A value in a list of QEMU's options: a comma is written twice.
  static func value(_ text: String) -> String { text.replacing(",", with: ",,") }
}
