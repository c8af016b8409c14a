namespace Slice.Net.SharedCache.Files;

/// <summary>
/// Held for a moment by whoever takes the place of a value whose lifetime is over, renews one or removes one. Blocks. For one thread.
/// </summary>
/// <remarks>
/// Without it: A and B find the same dead value. A puts it away and adds its own. B, who has looked earlier, puts away what stands
/// there, the value of A, and adds another: both were told that they are the one. rename(2) and unlink(2) cannot say "if it is still that
/// file".
/// The janitor removes the lock of a dead process after <see cref="LongestHoldNs"/>; until then nobody takes that key's place.
/// </remarks>
/// <param name="directory">The shared directory.</param>
/// <param name="key">The key of the value.</param>
internal sealed class KeyLock(OpenDirectory directory, string key) : IDisposable
{
    /// <summary>Longest that it is believed to be held: a minute, some thousand times what an operation takes.</summary>
    public const long LongestHoldNs = 60L * 1_000_000_000;

    // A tenth of a second in all, about as long as a caller waits for this tier.
    private const int Attempts = 50;
    private const int PauseMs = 2;

    private readonly string _name = DirectoryLayout.LockOf(key);
    private bool _isHeld;

    /// <summary>Takes it; true also when it is held by this already. False when somebody else goes on holding it.</summary>
    /// <exception cref="FileErrorException">The directory does not work.</exception>
    public bool TryTake()
    {
        for (int attempt = 0; !_isHeld && attempt < Attempts; attempt++)
        {
            int error = NativeFiles.CreateNew(directory.Root, _name, out var file);
            file?.Dispose();
            _isHeld = error == 0;
            if (error == FileTrouble.NoEntry)
            {
                // No directory, hence no value.
                return false;
            }

            OpenDirectory.Check("make", _name, error == FileTrouble.Exists ? 0 : error);
            if (!_isHeld)
            {
                Thread.Sleep(PauseMs);
            }
        }

        return _isHeld;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isHeld)
        {
            _ = NativeFiles.Remove(directory.Root, _name);
            _isHeld = false;
        }
    }
}
