namespace Slice.Tests.SharedCache.Redis;

/// <summary>The user of Redis that the documentation tells operators to make.</summary>
internal static class RedisUser
{
    /// <summary>
    /// <c>pslice</c> with the password <c>secret</c>. As documented, but for the prefix: the contract has keys of its own.
    /// </summary>
    public const string Rule = "user pslice on >secret resetkeys ~t-* resetchannels &t-* -@all "
        + "+get +getex +getrange +set +setex +psetex +del +unlink +pttl +expire +incr +incrby +multi +exec +publish +subscribe "
        + "+unsubscribe "
        + "+ping +echo +select +info +client|setname +client|id +cluster|nodes +cluster|slots +asking";
}
