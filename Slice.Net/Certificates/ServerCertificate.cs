using System.Net.Security;

namespace Slice.Net.Certificates;

/// <summary>
/// The certificate shown to clients, with its key and chain, from two PEM files (RFC 7468). <see cref="Reload"/> replaces it for new
/// handshakes; connections that are open keep theirs. Thread-safe. Disposed when no connection is open any more.
/// </summary>
/// <remarks>
/// What was replaced is disposed once no handshake can use it any more, and not when the garbage collector finds it: keys do not stay in
/// memory without a use. A handshake takes <see cref="Options"/> at its beginning and lasts as long as it may; after it, TLS has references
/// of its own.
/// </remarks>
public sealed class ServerCertificate : IDisposable
{
    /// <summary>What the two files must be, in words for an error line.</summary>
    public const string Syntax =
        "a readable file in PEM: the certificate, then its chain, in tls.certificate; its key, without a password, in tls.key";

    private readonly Lock _lock = new();
    private readonly string _certificatePath;
    private readonly string _keyPath;
    private readonly TimeSpan _outOfUseAfter;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Queue<(CertificateFiles Files, long ReplacedAt)> _replaced = new();
    private CertificateFiles _current;
    private bool _isDisposed;

    private ServerCertificate(string certificatePath, string keyPath, CertificateFiles files, TimeSpan longestHandshake, TimeProvider time)
    {
        (_certificatePath, _keyPath, _current, _time) = (certificatePath, keyPath, files, time);

        // The clock that ends handshakes is another one, and its timers may be late.
        _outOfUseAfter = 2 * longestHandshake;
        _timer = time.CreateTimer(
            static certificate =>
                ((ServerCertificate)certificate!).DisposeReplaced(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How the next handshake is done: TLS 1.2 or 1.3, HTTP/1.1. Read when the handshake begins.</summary>
    public SslServerAuthenticationOptions Options => Volatile.Read(ref _current).Options;

    /// <summary>When each certificate that the next handshake shows ends, in Unix time, by its subject.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Ends => Volatile.Read(ref _current).Ends;

    /// <summary>Reads the files.</summary>
    /// <param name="certificatePath">The file of the certificate and its chain.</param>
    /// <param name="keyPath">The file of the key; may be the same.</param>
    /// <param name="longestHandshake">How long a handshake may last.</param>
    /// <param name="time">The clock.</param>
    /// <param name="certificate">The certificate, the caller's; null when something is wrong.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Load(
        string certificatePath, string keyPath, TimeSpan longestHandshake, TimeProvider time, out ServerCertificate? certificate)
    {
        string? problem = CertificateFiles.Read(certificatePath, keyPath, out var files);
        certificate = files is null ? null : new ServerCertificate(certificatePath, keyPath, files, longestHandshake, time);
        return problem;
    }

    /// <summary>Reads the files and forgets them again.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? Check(string certificatePath, string keyPath)
    {
        string? problem = CertificateFiles.Read(certificatePath, keyPath, out var files);
        files?.Dispose();
        return problem;
    }

    /// <summary>Reads the files for their period of validity, and forgets them again.</summary>
    /// <returns>That it is over, has not begun, or ends soon; null when all is well, or the files cannot be used.</returns>
    public static PeriodProblem? WarnOfPeriod(string certificatePath, string keyPath, DateTimeOffset now)
    {
        CertificateFiles.Read(certificatePath, keyPath, out var files);
        using (files)
        {
            return files?.WarnOfPeriod(now);
        }
    }

    /// <summary>Reads the files again; what was there stays when they cannot be used.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? Reload()
    {
        string? problem = CertificateFiles.Read(_certificatePath, _keyPath, out var files);
        if (files is null)
        {
            return problem;
        }

        lock (_lock)
        {
            if (_isDisposed)
            {
                files.Dispose();
                return null;
            }

            _replaced.Enqueue((_current, _time.GetTimestamp()));
            Volatile.Write(ref _current, files);
            if (_replaced.Count == 1)
            {
                _timer.Change(_outOfUseAfter, Timeout.InfiniteTimeSpan);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _timer.Dispose();
            _current.Dispose();
            while (_replaced.TryDequeue(out var replaced))
            {
                replaced.Files.Dispose();
            }
        }
    }

    // Those of one reload after the other, in its order.
    private void DisposeReplaced()
    {
        lock (_lock)
        {
            while (_replaced.TryPeek(out var oldest))
            {
                var left = _outOfUseAfter - _time.GetElapsedTime(oldest.ReplacedAt);
                if (left > TimeSpan.Zero)
                {
                    _timer.Change(left, Timeout.InfiniteTimeSpan);
                    return;
                }

                _replaced.Dequeue().Files.Dispose();
            }
        }
    }
}
