/// A port of the serving machine that other machines ask.
struct ServedPort: Hashable, Sendable {
  enum Transport: String, CaseIterable, Sendable { case tcp, udp }

  var transport: Transport
  /// 1 to 65535.
  var number: Int

  static func tcp(_ number: Int) -> ServedPort { ServedPort(transport: .tcp, number: number) }
  static func udp(_ number: Int) -> ServedPort { ServedPort(transport: .udp, number: number) }
}
