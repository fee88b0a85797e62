// Seconds and bytes as people read them.

/// Seconds: "0.4s", "12.3s", "2m05s", "1h02m".
func durationText(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds > 0 else { return "0.0s" }
  let tenths = Int((min(seconds, 1e9) * 10).rounded())
  if tenths < 600 { return "\(tenths / 10).\(tenths % 10)s" }
  let whole = Int(min(seconds, 1e9).rounded())
  if whole < 3600 { return "\(whole / 60)m\(twoDigits(whole % 60))s" }
  return "\(whole / 3600)h\(twoDigits(whole / 60 % 60))m"
}

/// Time still needed, in whole seconds at least: "13s", "2m05s", "1h02m".
func timeLeftText(_ seconds: Double) -> String {
  let whole = min(max(seconds, 0), 1e9).rounded(.up)
  return whole < 60 ? "\(Int(whole))s" : durationText(whole)
}

/// Bytes in powers of 1000, as disks and networks are sold: "512 B", "68.2 kB", "1.0 MB".
func sizeText(_ bytes: Int64) -> String {
  if bytes < 1000 { return "\(bytes) B" }
  var value = Double(bytes) / 1000
  for unit in ["kB", "MB", "GB", "TB"] {
    // 999.95 would round to "1000.0".
    if value < 999.95 { return "\(oneDecimal(value)) \(unit)" }
    value /= 1000
  }
  return "\(oneDecimal(value)) PB"
}

/// "1 action", "2 actions".
func countText(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}

private func oneDecimal(_ value: Double) -> String {
  let tenths = Int64((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}

private func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
