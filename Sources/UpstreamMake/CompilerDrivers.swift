/// Turns the recorded commands of a unit into the programs that are started.
struct CompilerDrivers {
  let pool: CommandPool

  func commands(of unit: CommandUnit) -> [Command] { unit.commands.map { Command($0) } }
}
