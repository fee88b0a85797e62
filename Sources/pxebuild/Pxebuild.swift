import ArgumentParser
import BuildEngine
import Glibc
import Recipes

/// The command. What each subcommand does is in its own file.
@main
struct Pxebuild: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "pxebuild",
    abstract: "make for boot artefacts: recipes in, a served tree out.",
    version: version,
    subcommands: [
      AllCommand.self, BuildCommand.self, CheckCommand.self, PlanCommand.self, WhyCommand.self,
      LockCommand.self, FetchCommand.self, VendorCommand.self, VerifyCommand.self,
      GenerationsCommand.self, DiffCommand.self, RollbackCommand.self,
      ServeCommand.self, BootCommand.self, UsbCommand.self, DHCPCheckCommand.self,
      DoctorCommand.self, CacheCommand.self, WinPECommand.self, InitCommand.self,
      SchemaCommand.self, CompletionsCommand.self, InternalCommand.self,
    ])

  static func main() async {
    // A closed pipe is an error of write(), not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as BuildError {
      Console(TerminalOptions.fromArguments).show(error)
      Glibc.exit(ExitStatus(error.kind).rawValue)
    } catch let errors as RecipeErrors {
      let console = Console(TerminalOptions.fromArguments)
      console.show(errors)
      Glibc.exit(ExitStatus.recipeError.rawValue)
    } catch is CancellationError {
      Glibc.exit(ExitStatus.interrupted.rawValue)
    } catch {
      exit(withError: error)
    }
  }
}
