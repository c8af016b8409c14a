using System.Globalization;
using System.Text;

namespace Slice.Host.Service;

/// <summary>
/// What a process gives the one that is to replace it: two pipes and its listening sockets, all inherited under the same numbers. It stands
/// in the environment variable <see cref="Variable"/>, as nginx does with its own: LISTEN_PID cannot be known before the process is there.
/// Immutable.
/// </summary>
/// <param name="Ready">The pipe into which the new process writes its id when it serves.</param>
/// <param name="Go">The pipe from which it reads one byte: <see cref="Serve"/> or <see cref="GiveUp"/>.</param>
/// <param name="Sockets">The listening sockets.</param>
internal sealed record UpgradeOffer(string Ready, string Go, IReadOnlyList<HandedDescriptor> Sockets)
{
    /// <summary>Set in a process that replaces another, which may hold the cache directory for a while.</summary>
    public const string Variable = "PINGORA_SLICE_UPGRADE";

    /// <summary>Bytes of an id in the pipe, the lowest first.</summary>
    public const int ReadyBytes = sizeof(int);

    /// <summary>The other process takes no connections any more, and has named this one as the main process.</summary>
    public const byte Serve = 1;

    /// <summary>The other process goes on.</summary>
    public const byte GiveUp = 0;

    private const string ReadyWord = "ready";
    private const string GoWord = "go";
    private const string OwnWord = "socket";
    private const string HeldWord = "held";

    /// <summary>The value of the variable.</summary>
    public string Format()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{ReadyWord}:{Ready} {GoWord}:{Go}");
        foreach (var socket in Sockets)
        {
            text.Append(CultureInfo.InvariantCulture, $" {(socket.IsHeld ? HeldWord : OwnWord)}:{socket.Number}");
        }

        return text.ToString();
    }

    /// <summary>Reads the value of the variable; null when there is none, or one that <see cref="Format"/> has not written.</summary>
    public static UpgradeOffer? Parse(string? value)
    {
        string? ready = null;
        string? go = null;
        List<HandedDescriptor> sockets = [];
        foreach (string entry in value?.Split(' ') ?? [])
        {
            string[] parts = entry.Split(':');
            if (parts.Length != 2 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                return null;
            }

            switch (parts[0])
            {
                case ReadyWord:
                    ready = parts[1];
                    break;
                case GoWord:
                    go = parts[1];
                    break;
                case OwnWord or HeldWord:
                    sockets.Add(new HandedDescriptor(number, Name: null, IsHeld: parts[0] == HeldWord));
                    break;
                default:
                    return null;
            }
        }

        return ready is null || go is null ? null : new UpgradeOffer(ready, go, sockets);
    }
}
