namespace Slice.Host.CommandLine;

/// <summary>What to say to words that people know from the command lines of other servers. Pure.</summary>
internal static class HabitHint
{
    private const string Reload = "systemctl reload pingora-slice, or kill -HUP PID";

    /// <summary>What an unknown option of the program itself means elsewhere, and how that is said here; null when nobody knows.</summary>
    /// <param name="name">The option with its hyphens, without a value.</param>
    public static string? OfOption(string name) => name switch
    {
        "-t" or "-T" or "--test" or "--configtest" => "write --check-config for a test of the configuration",
        "-c" or "-f" or "--config" or "--conf" or "--config-file" => "CONFIG is positional: pingora-slice CONFIG",
        "-v" or "-V" => "write --version",
        "-s" or "--signal" => $"there is no such command: {Reload}",
        _ => null,
    };

    /// <summary>What to do for a word that is a command elsewhere and a CONFIG here; null for any other word.</summary>
    public static string? OfCommand(string word) => word switch
    {
        "reload" => Reload,
        "stop" or "quit" => "systemctl stop pingora-slice, or kill -TERM PID",
        "restart" => "systemctl restart pingora-slice, or kill -USR2 PID for another binary; for a changed CONFIG " + Reload,
        "start" or "serve" or "run" => "systemctl start pingora-slice, or pingora-slice CONFIG",
        "status" => "systemctl status pingora-slice, or pingora-slice health",
        "check" or "test" or "configtest" => "pingora-slice --check-config CONFIG",
        "version" => "pingora-slice --version",
        "help" => "pingora-slice --help",
        _ => null,
    };
}
