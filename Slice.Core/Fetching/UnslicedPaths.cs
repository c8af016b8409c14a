using System.Runtime.CompilerServices;
using System.Text;
using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.Fetching;

/// <summary>
/// Remembers for a while of which objects, and in which directories, the origin's answers to ranges of ours are of no use (B59): there the
/// objects are asked for as a whole. A guess, never a promise: entries may be overwritten by others at any time. Thread-safe, of fixed
/// size.
/// </summary>
/// <remarks>
/// Only what the origin answered to requests that a stranger might have sent is told here, so that nothing that one client adds to its
/// request keeps the objects of others from being sliced (B51). One script or one damaged file must not do so for its neighbours either: a
/// directory is remembered when several different objects of it, one after the other, could not be sliced and none between them could.
/// Objects are told apart by their path, as one script answers to any query.
/// </remarks>
public sealed class UnslicedPaths
{
    /// <summary>
    /// Different objects that make a directory remembered. Arbitrary: one or two bad files are found in good directories, and each of them
    /// costs one request more.
    /// </summary>
    public const int ObjectsOfDirectory = 4;

    /// <summary>
    /// How long. Arbitrary: an origin that was mended is sliced again within minutes, and one that never is costs one request in vain per
    /// object and ten minutes.
    /// </summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    // Directories with some bad objects, but not enough of them. Arbitrary; 24 bytes each.
    private const int Suspects = 1 << 9;

    private readonly UncacheableKeys _objects;
    private readonly UncacheableKeys _directories;
    private readonly Lock _lock = new();
    private readonly Suspect[] _suspects = new Suspect[Suspects];
    private int _suspected;

    // Most origins give every object in parts: nothing is looked up for them.
    private volatile bool _hasAny;

    /// <summary>Knows nothing yet.</summary>
    public UnslicedPaths(TimeProvider time) =>
        (_objects, _directories) = (new UncacheableKeys(time, Remembered), new UncacheableKeys(time, Remembered));

    /// <summary>
    /// Called with host and target of an object, or with a directory (true), when it was not remembered and is from now on. Set once,
    /// before use; must not throw.
    /// </summary>
    public Action<string, bool>? Noticed { get; set; }

    /// <summary>Whether an object is not to be asked for by range.</summary>
    /// <param name="key">The object's key.</param>
    public bool Contains(ReadOnlySpan<byte> key) =>
        _hasAny && (_objects.Contains(key) || _directories.Contains(DirectoryOf(PathOf(key))));

    /// <summary>
    /// Whether ranges of this very object were of no use, so that what is stored of it in slices is not completed by ranges.
    /// </summary>
    /// <param name="key">The object's key.</param>
    public bool ContainsObject(ReadOnlySpan<byte> key) => _hasAny && _objects.Contains(key);

    /// <summary>The origin's answer to a range of an object, asked for as a stranger, was of no use.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="wasAnswered">
    /// Whether the origin has answered; else it ended the connection or said nothing. That may have passed by itself, and says nothing
    /// about the directory.
    /// </param>
    public void Add(ReadOnlySpan<byte> key, bool wasAnswered = true)
    {
        bool isNew = !Contains(key);
        _hasAny = true;
        _objects.Add(key);
        if (!isNew)
        {
            return;
        }

        var path = PathOf(key);
        var directory = DirectoryOf(path);
        Noticed?.Invoke(Encoding.Latin1.GetString(KeyFields.ResourceOf(key)), false);
        if (wasAnswered && IsLastOf(directory, path))
        {
            _directories.Add(directory);
            Noticed?.Invoke(Encoding.Latin1.GetString(directory), true);
        }
    }

    /// <summary>A range of an object, asked for as a stranger, came as it should.</summary>
    /// <param name="key">The object's key.</param>
    public void Remove(ReadOnlySpan<byte> key)
    {
        _objects.Remove(key);
        if (Volatile.Read(ref _suspected) == 0)
        {
            return;
        }

        int hash = CacheKeyComparer.HashOf(DirectoryOf(PathOf(key)));
        lock (_lock)
        {
            ref var suspect = ref _suspects[hash & (Suspects - 1)];
            if (suspect.Count > 0 && suspect.Directory == hash)
            {
                suspect = default;
                _suspected--;
            }
        }
    }

    // Host and path: the key without its fields and the query.
    private static ReadOnlySpan<byte> PathOf(ReadOnlySpan<byte> key)
    {
        var resource = KeyFields.ResourceOf(key);
        int query = resource.IndexOf((byte)'?');
        return query < 0 ? resource : resource[..query];
    }

    private static ReadOnlySpan<byte> DirectoryOf(ReadOnlySpan<byte> path) => path[..(path.LastIndexOf((byte)'/') + 1)];

    // Whether the object is the last that was needed to make its directory remembered.
    private bool IsLastOf(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> path)
    {
        int hash = CacheKeyComparer.HashOf(directory);
        int member = CacheKeyComparer.HashOf(path);
        lock (_lock)
        {
            ref var suspect = ref _suspects[hash & (Suspects - 1)];
            if (suspect.Count == 0 || suspect.Directory != hash)
            {
                _suspected += suspect.Count == 0 ? 1 : 0;
                suspect = new Suspect { Directory = hash };
            }

            Span<int> members = suspect.Members;
            if (members[..suspect.Count].Contains(member))
            {
                return false;
            }

            members[suspect.Count++] = member;
            bool isLast = suspect.Count == ObjectsOfDirectory;
            if (isLast)
            {
                suspect = default;
                _suspected--;
            }

            return isLast;
        }
    }

    // Hashes of a directory and of those of its objects that could not be sliced.
    private struct Suspect
    {
        public int Directory;
        public int Count;
        public MemberHashes Members;
    }

    [InlineArray(ObjectsOfDirectory)]
    private struct MemberHashes
    {
        private int _first;
    }
}
