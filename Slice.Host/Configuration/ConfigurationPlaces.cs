namespace Slice.Host.Configuration;

/// <summary>Where the effective value of each key stands, over all files read so far.</summary>
internal sealed class ConfigurationPlaces
{
    private readonly Dictionary<string, (string File, int Line, int Column)> _placeByKey = [];
    private readonly HashSet<string> _faultyKeys = [];

    /// <summary>Says that a key is set here; a later file replaces the place.</summary>
    public void Set(string key, string file, int line, int column) => _placeByKey[key] = (file, line, column);

    /// <summary>Says that a key stands here without a value, which changes nothing. The place counts when nothing sets the key.</summary>
    public void SetEmpty(string key, string file, int line, int column) => _placeByKey.TryAdd(key, (file, line, column));

    /// <summary>Says that an error of this key was reported, so that its absence is not reported as another.</summary>
    public void SetFaulty(string key) => _faultyKeys.Add(key);

    /// <summary>Whether an error of this key was reported.</summary>
    public bool IsFaulty(string key) => _faultyKeys.Contains(key);

    /// <summary>Where the key is set, or null when no file sets it.</summary>
    public (string File, int Line, int Column)? Find(string key) =>
        _placeByKey.TryGetValue(key, out (string File, int Line, int Column) place) ? place : null;
}
