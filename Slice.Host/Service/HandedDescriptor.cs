namespace Slice.Host.Service;

/// <summary>A listening socket that another process left to this one.</summary>
/// <param name="Number">The descriptor.</param>
/// <param name="Name">What it is for, as the socket unit says (<c>FileDescriptorName=</c>); null when nobody says.</param>
/// <param name="IsHeld">
/// Whether the service manager holds it too: clients that connect while no process accepts wait there instead of being refused.
/// </param>
internal sealed record HandedDescriptor(int Number, string? Name, bool IsHeld)
{
    // sd_listen_fds(3): SD_LISTEN_FDS_START.
    private const int FirstOfManager = 3;

    // More than any unit has; a number that is not meant must not become a loop.
    private const int MaxOfManager = 64;

    /// <summary>
    /// What the service manager has passed (sd_listen_fds(3)): LISTEN_FDS descriptors from 3 on, if LISTEN_PID is this process, with the
    /// names of LISTEN_FDNAMES. Pure.
    /// </summary>
    public static IReadOnlyList<HandedDescriptor> FromManager(Func<string, string?> readEnvironment, int processId)
    {
        if (!int.TryParse(readEnvironment("LISTEN_PID"), out int addressee) || addressee != processId
            || !int.TryParse(readEnvironment("LISTEN_FDS"), out int count) || count is < 1 or > MaxOfManager)
        {
            return [];
        }

        string[] names = readEnvironment("LISTEN_FDNAMES")?.Split(':') ?? [];
        return
        [
            .. Enumerable.Range(0, count)
                .Select(index => new HandedDescriptor(FirstOfManager + index, index < names.Length ? names[index] : null, IsHeld: true)),
        ];
    }
}
