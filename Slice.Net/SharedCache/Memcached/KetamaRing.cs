using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Slice.Core.Options;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>
/// Which of several servers a key is at, by consistent hashing: of n servers, one that comes or goes moves about one key in n. Immutable,
/// thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// The variant is libmemcached's <c>MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED</c> with equal weights (pylibmc: <c>ketama_weighted</c>, PHP:
/// <c>OPT_LIBKETAMA_COMPATIBLE</c>), so that tools over that library find our keys. Each server has 160 points on a circle of 2^32: the
/// four little-endian numbers in the MD5 of each of <c>HOST:PORT-0</c> to <c>HOST:PORT-39</c>, where the port is left out when it is
/// 11211. A key is at the first point that is not below the first number in the MD5 of the key, and beyond the last point at the first.
/// Names count as they are written: a server under another name is another server. IPv6 addresses stand without brackets.
/// </para>
/// <para>
/// <c>MEMCACHED_BEHAVIOR_KETAMA</c> without weights is another variant (100 points), as are those of spymemcached and of twemproxy.
/// </para>
/// </remarks>
internal sealed class KetamaRing
{
    /// <summary>The port that names leave out.</summary>
    public const int DefaultPort = 11211;

    private const int PointsPerHash = 4;
    private const int PointsPerServer = 160;

    private readonly uint[] _points;
    private readonly ushort[] _servers;

    /// <summary>Puts servers on the circle.</summary>
    /// <param name="servers">At least one.</param>
    public KetamaRing(IReadOnlyList<HostAndPort> servers)
    {
        ArgumentOutOfRangeException.ThrowIfZero(servers.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(servers.Count, ushort.MaxValue);
        int hashes = HashesPerServer(servers.Count);
        _points = new uint[servers.Count * hashes * PointsPerHash];
        _servers = new ushort[_points.Length];
        Span<byte> digest = stackalloc byte[MD5.HashSizeInBytes];
        int at = 0;
        for (int server = 0; server < servers.Count; server++)
        {
            for (int hash = 0; hash < hashes; hash++)
            {
                Hash(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{NameOf(servers[server])}-{hash}")), digest);
                for (int point = 0; point < PointsPerHash; point++)
                {
                    _points[at] = BinaryPrimitives.ReadUInt32LittleEndian(digest[(point * sizeof(uint))..]);
                    _servers[at++] = (ushort)server;
                }
            }
        }

        Array.Sort(_points, _servers);
    }

    /// <summary>Number of points on the circle.</summary>
    public int PointCount => _points.Length;

    /// <summary>The index of the server that a key is at.</summary>
    /// <param name="key">ASCII characters, at most 250.</param>
    public int ServerOf(ReadOnlySpan<char> key)
    {
        Span<byte> bytes = stackalloc byte[key.Length];
        Span<byte> digest = stackalloc byte[MD5.HashSizeInBytes];
        Encoding.ASCII.GetBytes(key, bytes);
        Hash(bytes, digest);
        return ServerAt(BinaryPrimitives.ReadUInt32LittleEndian(digest));
    }

    /// <summary>The index of the server that a place on the circle belongs to.</summary>
    public int ServerAt(uint place)
    {
        int found = _points.AsSpan().BinarySearch(place);
        int next = found < 0 ? ~found : found;
        return _servers[next == _points.Length ? 0 : next];
    }

    private static string NameOf(HostAndPort server)
    {
        string host = server.Host.Trim('[', ']');
        int port = server.Port ?? DefaultPort;
        return port == DefaultPort ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
    }

    // libmemcached reckons in floats, and for some numbers of servers (25, 47, …) one hash is lost by that. Who wants to find what it has
    // stored has to lose it, too.
    private static int HashesPerServer(int servers) =>
        (int)MathF.Floor((float)((1f / servers * PointsPerServer / PointsPerHash * servers) + 0.0000000001));

    [SuppressMessage(
        "Security",
        "CA5351:Do Not Use Broken Cryptographic Algorithms",
        Justification = "the points of libmemcached are made with it; whoever can choose keys that meet at one server gains nothing")]
    private static void Hash(ReadOnlySpan<byte> bytes, Span<byte> digest) => MD5.HashData(bytes, digest);
}
